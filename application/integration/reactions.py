"""What is done about events of neighbours, whichever way they came."""

from collections.abc import Callable

from application.integration.inbound import InboundEvent
from application.integration.incoming import (
    INCOMING,
    Announcement,
    IngestionCompleted,
    ModelMetadataUpdated,
    Ping,
    aggregate_of,
)
from application.integration.ingestion import Ingestion

Reaction = Callable[[InboundEvent], bool]
About = Callable[[InboundEvent], str | None]


class Reactions:
    """Reacts to each type of `INCOMING`. Blocks; safe to use from several threads.

    Args:
        ingestion: Reacts to data that have come in.
        refresh_model: Forgets what is cached of a model, given its id or name.
    """

    def __init__(self, *, ingestion: Ingestion, refresh_model: Callable[[str], None]) -> None:
        self._ingestion = ingestion
        self._refresh_model = refresh_model

    @property
    def untrained(self) -> int:
        """So often a model was not trained on new data that it follows, because it cannot learn from them."""
        return self._ingestion.untrained

    def about(self, event: InboundEvent) -> str | None:
        """Return what the event is about, whose events are handled in their order; None where that has none.

        Raises:
            UnreadableHistory: This program cannot read what it is about.
            Exception: It cannot be said now; asked again, it may.
        """
        return aggregate_of(event, series_name=self._ingestion.series_name)

    def react(self, event: InboundEvent) -> bool:
        """Do what follows from an event of a type that is listened to; return whether that was done before.

        An event that comes again changes nothing, also when it was only partly done the first time.

        Raises:
            InvalidInput: It does not say what such an event says.
            DomainError: What it asks for is refused.
            Exception: It cannot be done now; asked again, it may.
        """
        said: Announcement = INCOMING[event.type].announcement.of(event.payload)
        match said:
            case IngestionCompleted():
                return self._ingestion.completed(event, said)
            case ModelMetadataUpdated():
                self._refresh_model(said.model_id)
            case Ping():
                pass
        return False
