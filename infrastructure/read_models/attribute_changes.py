"""What a page of events changes of the attributes: only those keys whose values change."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection

from infrastructure.read_models.attributes import Attributes, Key, Value
from infrastructure.read_models.open_documents import Place
from infrastructure.read_models.statements import PageStatements
from infrastructure.read_models.tables import OPEN


class _Held(NamedTuple):
    """The values at a key, and since which position of this page; None when they are stored already."""

    values: tuple[Value, ...]
    since: int | None


class AttributeChanges:
    """Collects rows to close and rows to add."""

    def __init__(self) -> None:
        self._closed: list[dict[str, Any]] = []
        self._added: list[dict[str, Any]] = []

    def follow(self, place: Place, *, stored: Attributes, states: Iterable[tuple[int, Attributes]]) -> None:
        """Take in attributes of a document from each position on, given those stored as open."""
        current = {key: _Held(values, None) for key, values in stored.items()}
        for position, attributes in states:
            for key in dict.fromkeys((*current, *attributes)):
                held, values = current.get(key), attributes.get(key)
                if held is not None:
                    if held.values == values:
                        continue
                    self._end(place, key, held, position)
                    del current[key]
                if values is not None:
                    current[key] = _Held(values, position)
        for key, held in current.items():
            if held.since is not None:
                self._end(place, key, held, OPEN)

    def write(self, connection: Connection, statements: PageStatements) -> None:
        """Write them."""
        if self._closed:
            statements.close_attribute.run(connection, *self._closed)
        if self._added:
            statements.add_attribute.run(connection, *self._added)

    def _end(self, place: Place, key: Key, held: _Held, position: int) -> None:
        collection, id_ = place
        root, name = key
        if held.since is None:
            self._closed.append(
                {
                    "of_collection": collection.value,
                    "of_id": id_,
                    "of_root": root,
                    "of_key": name,
                    "closed_at": position,
                }
            )
            return
        for ordinal, value in enumerate(held.values):
            self._added.append(
                {
                    "collection": collection.value,
                    "id": id_,
                    "root": root,
                    "key": name,
                    "from_position": held.since,
                    "to_position": position,
                    "ordinal": ordinal,
                    "number": value.number,
                    "text": value.text,
                    "text_rest": value.text_rest,
                    "boolean": value.boolean,
                    "is_least": value.is_least,
                    "is_greatest": value.is_greatest,
                }
            )
