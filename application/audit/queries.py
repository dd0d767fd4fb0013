"""Questions to the log itself."""

from collections.abc import Sequence
from uuid import UUID

from application.audit.views import EventResponse, event_view
from application.ledger import Ledger
from application.lookup import absence, find_by_reference
from application.ports.event_log import Recorded
from application.ports.read_models import Collection, ReadModels
from application.views import View
from domain.kernel import DomainEvent, UnknownEvent
from domain.models.errors import ModelNotFound
from domain.naming import has_uuid_shape

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
    correlation_id: str | None = None,
) -> EventPage:
    """Return the next events after a position, of these types, an aggregate, actor or request where given.

    Args:
        ledger: The log.
        after: The position before the first that is wanted.
        limit: So many at most.
        upto: The last position that is wanted; None for the newest.
        types: Of these only; empty for all.
        aggregate_id: Of this one only; None for all.
        actor: Of this one only; None for all.
        correlation_id: Of this one only; None for all.
    """

    def is_wanted(recorded: Recorded) -> bool:
        by = recorded.event.provenance
        return (actor is None or by.actor == actor) and (
            correlation_id is None or by.correlation_id == correlation_id
        )

    is_narrowed = actor is not None or correlation_id is not None
    end = ledger.head() if upto is None else upto
    items: list[EventResponse] = []
    scanned, position = 0, after
    while scanned < _SCANNED_MAX:
        size = _PAGE if is_narrowed else limit - len(items)
        page = ledger.read(after=position, limit=size, upto=upto, topics=types, originator_id=aggregate_id)
        for recorded in page:
            position = recorded.position
            scanned += 1
            if is_wanted(recorded):
                items.append(event_view(recorded))
            if len(items) == limit:
                return EventPage(items=items, next_after=position)
        if len(page) < size:  # all there was has been looked at
            position = max(position, end)
            break
    return EventPage(items=items, next_after=position)


def model_of_history(reference: str, *, ledger: Ledger, read_models: ReadModels, at: int | None = None) -> UUID:
    """Return the model whose history is asked for: by id, or by the name that it had then or, where nobody had
    it, was the last to have; also when it is retired.

    Raises:
        ModelNotFound: There never was one, or not yet at the position.
        UnreadableHistory: Who has the name cannot be read.
    """
    found = None
    if at is not None:
        found = find_by_reference(reference, Collection.MODELS, read_models=read_models, at=at)
    if found is not None:
        model_id: UUID | None = UUID(found["id"])
    elif not has_uuid_shape(reference):
        model_id = ledger.reservation("model", reference, upto=at).last_holder_id
    else:
        model_id = UUID(reference) if at is None else None
    first = [] if model_id is None else ledger.read(after=0, limit=1, originator_id=model_id)
    if model_id is None or not any(_is_of_a_model(each.event) for each in first):
        raise ModelNotFound(absence(f"model {reference!r}", at=at), model=reference)
    return model_id


def _is_of_a_model(event: DomainEvent) -> bool:
    """Tell whether a stream that begins with this event is a model's, also when that cannot be read."""
    topic = event.topic if isinstance(event, UnknownEvent) else event.TOPIC
    return topic.startswith(_MODELS)
