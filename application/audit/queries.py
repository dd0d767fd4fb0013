"""Questions to the log itself."""

from uuid import UUID

from application.audit.views import EventResponse, event_view
from application.ledger import Ledger
from application.views import View
from domain.models.errors import ModelNotFound
from domain.naming import has_uuid_shape

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
    type: str | None = None,  # noqa: A002 - the contract's word
    aggregate_id: UUID | None = None,
    actor: str | None = None,
) -> EventPage:
    """Return the next events after a position, of a type, an aggregate or an actor where given."""
    head = ledger.head()
    items: list[EventResponse] = []
    scanned, position = 0, after
    topics = (type,) if type is not None else ()
    while scanned < _SCANNED_MAX:
        size = _PAGE if actor is not None else limit - len(items)
        page = ledger.read(after=position, limit=size, topics=topics, originator_id=aggregate_id)
        for recorded in page:
            position = recorded.position
            scanned += 1
            if actor is None or recorded.event.provenance.actor == actor:
                items.append(event_view(recorded))
            if len(items) == limit:
                return EventPage(items=items, next_after=position)
        if len(page) < size:  # all there was has been looked at
            position = max(position, head)
            break
    return EventPage(items=items, next_after=position)


def model_of_history(reference: str, *, ledger: Ledger) -> UUID:
    """Return the model whose history is asked for: by id also when it is retired.

    Raises:
        ModelNotFound: There never was one.
    """
    model_id = ledger.id_of("model", reference)
    if model_id is None or (has_uuid_shape(reference) and ledger.model(model_id) is None):
        raise ModelNotFound(f"There is no model {reference!r}.", model=reference)
    return model_id
