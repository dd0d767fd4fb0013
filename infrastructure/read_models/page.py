"""A page of events while it is applied: what it puts is written at its end, in a few statements."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select, update

from application.ports.read_models import Collection, Document
from infrastructure.read_models.attribute_changes import AttributeChanges
from infrastructure.read_models.attributes import Attributes, Value, flatten
from infrastructure.read_models.fields import KEYED, are_equal, columns_of, decoded, encoded
from infrastructure.read_models.tables import DOCUMENTS, OPEN

_CLOSE = {
    collection: update(table)
    .where(table.c.id == bindparam("closed_id"), table.c.to_position == OPEN)
    .values(to_position=bindparam("closed_at"))
    for collection, table in DOCUMENTS.items()
}
_OPEN_DOCUMENT = {
    collection: select(table.c.document).where(table.c.id == bindparam("open_id"), table.c.to_position == OPEN)
    for collection, table in DOCUMENTS.items()
}


class _State(NamedTuple):
    """A document from a position on."""

    position: int
    text: str
    columns: dict[str, Any]
    attributes: Attributes


class _History:
    """A document as the table has it open, and the states that the page adds."""

    def __init__(self, stored: str | None) -> None:
        self.stored = stored
        self.states: list[_State] = []

    @property
    def text(self) -> str | None:
        return self.states[-1].text if self.states else self.stored


class PageRows:
    """The rows of one page of events, between `after` and `upto`, inside one transaction."""

    def __init__(self, connection: Connection, *, after: int, upto: int) -> None:
        self._connection = connection
        self._after = after
        self._upto = upto
        self._histories: dict[tuple[Collection, UUID], _History] = {}
        self._flattened: dict[tuple[str, str], Attributes] = {}

    def get(self, collection: Collection, id: UUID) -> Document | None:  # noqa: A002 - the field's name
        """Return a copy of the document, with what this page has put; None when there is none."""
        text = self._history(collection, id).text
        return None if text is None else decoded(text)

    def put(self, collection: Collection, id: UUID, document: Document, *, position: int) -> None:  # noqa: A002
        """Let the document be this from the position on; a second one at the same position replaces it.

        Raises:
            ValueError: The position is not of this page or goes back, or the document is not what it says.
        """
        if not self._after < position <= self._upto:
            msg = f"position {position} is not of the page from {self._after + 1} to {self._upto}"
            raise ValueError(msg)
        history = self._history(collection, id)
        if history.states and history.states[-1].position > position:
            msg = f"{id} was put at {history.states[-1].position}, after position {position}"
            raise ValueError(msg)
        text = encoded(document)
        state = _State(position, text, columns_of(collection, id, document), self._flatten(collection, document))
        if history.states and history.states[-1].position == position:
            history.states.pop()
        if history.text is None or not are_equal(history.text, text):
            history.states.append(state)

    def write(self) -> None:
        """Write all that was put."""
        attributes = AttributeChanges()
        closed: dict[Collection, list[dict[str, Any]]] = defaultdict(list)
        added: dict[Collection, list[dict[str, Any]]] = defaultdict(list)
        for (collection, id_), history in self._histories.items():
            if not history.states:
                continue
            stored: Attributes = {}
            if history.stored is not None:
                closed[collection].append({"closed_id": str(id_), "closed_at": history.states[0].position})
                stored = self._flatten(collection, decoded(history.stored))
            added[collection].extend(_rows(history.states))
            states = ((state.position, state.attributes) for state in history.states)
            attributes.follow(collection, str(id_), stored=stored, states=states)
        for collection, parameters in closed.items():
            self._connection.execute(_CLOSE[collection], parameters)
        for collection, parameters in added.items():
            self._connection.execute(insert(DOCUMENTS[collection]), parameters)
        attributes.write(self._connection)

    def _flatten(self, collection: Collection, document: Document) -> Attributes:
        """Return the document's attributes; what changes seldom is flattened once."""
        attributes: dict[tuple[str, str], tuple[Value, ...]] = {}
        for root in KEYED[collection]:
            content = document.get(root)
            key = (root, encoded(content))
            if key not in self._flattened:
                self._flattened[key] = flatten(root, content)
            attributes.update(self._flattened[key])
        return attributes

    def _history(self, collection: Collection, id_: UUID) -> _History:
        key = (collection, id_)
        if key not in self._histories:
            stored = self._connection.scalar(_OPEN_DOCUMENT[collection], {"open_id": str(id_)})
            self._histories[key] = _History(stored)
        return self._histories[key]


def _rows(states: list[_State]) -> Iterable[dict[str, Any]]:
    ends = [*(state.position for state in states[1:]), OPEN]
    for state, end in zip(states, ends, strict=True):
        yield {**state.columns, "document": state.text, "from_position": state.position, "to_position": end}
