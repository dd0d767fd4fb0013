"""Questions to the log itself."""

from collections.abc import Sequence
from uuid import UUID

from application.audit.views import EventResponse, event_view
from application.ledger import Ledger
from application.lookup import absence, find_by_reference
from application.ports.read_models import Collection, ReadModels
from application.views import View
from domain.kernel import DomainEvent, UnknownEvent
from domain.models.errors import ModelNotFound

_MODELS = "model."
_PAGE = 1000
_SCANNED_MAX = 20_000
"""So many events are looked at for one answer; it then says where it stopped."""


class EventPage(View):
    """Events in position order.

    Attributes:
        next_after: The last position looked at: ask again after it for the next.
    """

    items: list[EventResponse]
    next_after: int


def events(
    *,
    ledger: Ledger,
    after: int,
    limit: int,
    upto: int | None = None,
    types: Sequence[str] = (),
    aggregate_id: UUID | None = None,
    actor: str | None = None,
) -> EventPage:
    """Return the next events after a position, of these types, an aggregate or an actor where given.

    Args:
        ledger: The log.
        after: The position before the first that is wanted.
        limit: So many at most.
        upto: The last position that is wanted; None for the newest.
        types: Of these only; empty for all.
        aggregate_id: Of this one only; None for all.
        actor: Of this one only; None for all.
    """
    end = ledger.head() if upto is None else upto
    items: list[EventResponse] = []
    scanned, position = 0, after
    while scanned < _SCANNED_MAX:
        size = _PAGE if actor is not None else limit - len(items)
        page = ledger.read(after=position, limit=size, upto=upto, topics=types, originator_id=aggregate_id)
        for recorded in page:
            position = recorded.position
            scanned += 1
            if actor is None or recorded.event.provenance.actor == actor:
                items.append(event_view(recorded))
            if len(items) == limit:
                return EventPage(items=items, next_after=position)
        if len(page) < size:  # all there was has been looked at
            position = max(position, end)
            break
    return EventPage(items=items, next_after=position)


def model_of_history(reference: str, *, ledger: Ledger, read_models: ReadModels, at: int | None = None) -> UUID:
    """Return the model whose history is asked for: by id also when it is retired, by the name it had then.

    Raises:
        ModelNotFound: There never was one, or not yet at the position.
    """
    if at is not None:
        found = find_by_reference(reference, Collection.MODELS, read_models=read_models, at=at)
        model_id = None if found is None else UUID(found["id"])
    else:
        model_id = ledger.id_of("model", reference)
    first = [] if model_id is None else ledger.read(after=0, limit=1, originator_id=model_id)
    if model_id is None or not any(_is_of_a_model(each.event) for each in first):
        raise ModelNotFound(absence(f"model {reference!r}", at=at), model=reference)
    return model_id


def _is_of_a_model(event: DomainEvent) -> bool:
    """Tell whether a stream that begins with this event is a model's, also when that cannot be read."""
    topic = event.topic if isinstance(event, UnknownEvent) else event.TOPIC
    return topic.startswith(_MODELS)
