"""A page of events while it is applied: what it puts is written at its end, in a few statements."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from application.ports.read_models import Collection, Document, ParkedEvent
from infrastructure.read_models.attribute_changes import AttributeChanges
from infrastructure.read_models.attributes import flatten
from infrastructure.read_models.contents import KEYED, NOTHING, Content, decoded
from infrastructure.read_models.fields import columns_of
from infrastructure.read_models.open_documents import OpenDocuments, Place
from infrastructure.read_models.statements import PageStatements
from infrastructure.read_models.tables import OPEN
from infrastructure.read_models.timeline import BEFORE_ALL, Timeline
from infrastructure.read_models.values import searchable

_LOOK_UP_IDS = 1_000
_ERROR_CHARS = 1_000


class _State(NamedTuple):
    """A document from a position on."""

    position: int
    content: Content
    columns: dict[str, Any]


class PageRows:
    """The rows of one page of events, between `after` and `upto`, inside one transaction.

    Args:
        connection: The transaction.
        statements: For the database of the connection.
        known: What need not be read; what is read and written is added to it.
        after: The position before the page.
        upto: The last position of the page.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        statements: PageStatements,
        known: OpenDocuments,
        after: int,
        upto: int,
    ) -> None:
        self._connection = connection
        self._statements = statements
        self._known = known
        self._after = after
        self._upto = upto
        self._stored: dict[Place, Content | None] = {}
        self._states: dict[Place, list[_State]] = {}
        self._timeline = Timeline(after=after)
        self._parked: list[dict[str, Any]] = []

    def get(self, collection: Collection, id: UUID) -> Document | None:  # noqa: A002 - the field's name
        """Return a copy of the document, with what this page has put; None when there is none."""
        place = (collection, str(id))
        if states := self._states.get(place):
            content: Content | None = states[-1].content
        else:
            self._look_up([place])
            content = self._stored[place]
        if content is None:
            return None
        document: Document = decoded(content.text)
        return document

    def put(self, collection: Collection, id: UUID, document: Document, *, position: int) -> None:  # noqa: A002
        """Let the document be this from the position on; a second one at the same position replaces it.

        Raises:
            ValueError: The position is not of this page or goes back, or the document is not what it says.
        """
        if not self._after < position <= self._upto:
            msg = f"position {position} is not of the page from {self._after + 1} to {self._upto}"
            raise ValueError(msg)
        state = _State(position, Content.of(collection, document), columns_of(collection, id, document))
        states = self._states.setdefault((collection, str(id)), [])
        if states and states[-1].position > position:
            msg = f"{id} was put at {states[-1].position}, after position {position}"
            raise ValueError(msg)
        if states and states[-1].position == position:
            states.pop()
        if not states or not states[-1].content.says_the_same(state.content):
            states.append(state)

    def happened(self, instant: datetime, *, position: int) -> None:
        """Note the timestamp of the event at this position of the page."""
        self._timeline.happened(instant, position=position)

    def park(self, event: ParkedEvent) -> None:
        """Note an event of the page that no projection can read."""
        self._parked.append(parked_row(event))

    def write(self) -> None:
        """Write all that was put."""
        self._look_up(self._states)
        attributes = AttributeChanges()
        closed: dict[Collection, list[dict[str, Any]]] = defaultdict(list)
        added: dict[Collection, list[dict[str, Any]]] = defaultdict(list)
        for place, put in self._states.items():
            stored = self._stored[place]
            is_as_stored = stored is not None and stored.says_the_same(put[0].content)
            states = put[1:] if is_as_stored else put
            if not states:
                continue
            collection, id_ = place
            if stored is not None:
                closed[collection].append({"closed_id": id_, "closed_at": states[0].position})
            added[collection].extend(_rows(states))
            _follow(attributes, place, stored, states)
            self._known.put(place, states[-1].content)
        for collection, parameters in closed.items():
            self._statements.close[collection].run(self._connection, *parameters)
        for collection, parameters in added.items():
            self._statements.add[collection].run(self._connection, *parameters)
        attributes.write(self._connection, self._statements)
        self._write_instants()
        if self._parked:
            self._statements.park.run(self._connection, *self._parked)

    def _write_instants(self) -> None:
        if not self._timeline:
            return
        latest = self._known.latest
        if latest is None:
            latest = self._connection.scalar(self._statements.latest)
        if latest is None:
            latest = BEFORE_ALL
        rises = list(self._timeline.above(latest))
        if rises:
            self._statements.add_instant.run(self._connection, *(rise._asdict() for rise in rises))
            latest = rises[-1].instant
        self._known.latest = latest

    def _look_up(self, places: Iterable[Place]) -> None:
        """Find out what is stored at the places."""
        unknown: dict[Collection, list[str]] = defaultdict(list)
        for place in places:
            if place not in self._stored:
                content = self._stored[place] = self._known.get(place)
                if content is None:
                    unknown[place[0]].append(place[1])
        for collection, ids in unknown.items():
            for start in range(0, len(ids), _LOOK_UP_IDS):
                for id_, text in self._open(collection, ids[start : start + _LOOK_UP_IDS]):
                    content = Content.of(collection, decoded(text))
                    self._stored[collection, id_] = content
                    self._known.put((collection, id_), content)

    def _open(self, collection: Collection, ids: list[str]) -> Iterable[Any]:
        # a list is spelled out anew for each execution, which for a single id costs more than it saves
        if len(ids) == 1:
            return self._statements.one[collection].run(self._connection, {"sought_id": ids[0]})
        return self._connection.execute(self._statements.several[collection], {"sought_ids": ids})


def parked_row(event: ParkedEvent) -> dict[str, Any]:
    """Return the row of an event that could not be read."""
    error = searchable(event.error[:_ERROR_CHARS])
    return {"position": event.position, "topic": searchable(event.topic), "error": error}


def _rows(states: list[_State]) -> Iterator[dict[str, Any]]:
    ends = [*(state.position for state in states[1:]), OPEN]
    for state, end in zip(states, ends, strict=True):
        yield {
            **state.columns,
            "document": state.content.text,
            "from_position": state.position,
            "to_position": end,
        }


def _follow(attributes: AttributeChanges, place: Place, stored: Content | None, states: list[_State]) -> None:
    """Take in how the attributes change; free-form fields whose text stays the same are not looked into."""
    for index, root in enumerate(KEYED[place[0]]):
        before = current = NOTHING if stored is None else stored.free_form[index]
        changes = []
        for state in states:
            if state.content.free_form[index] != current:
                current = state.content.free_form[index]
                changes.append((state.position, flatten(root, decoded(current))))
        if changes:
            attributes.follow(place, stored=flatten(root, decoded(before)), states=changes)
