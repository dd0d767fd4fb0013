"""What a page of events changes of the attributes: only those keys whose values change."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, update

from application.ports.read_models import Collection
from infrastructure.read_models.attributes import Attributes, Value
from infrastructure.read_models.tables import ATTRIBUTES, OPEN

_CLOSE = (
    update(ATTRIBUTES)
    .where(
        *(ATTRIBUTES.c[name] == bindparam(f"of_{name}") for name in ("collection", "id", "root", "key")),
        ATTRIBUTES.c.to_position == OPEN,
    )
    .values(to_position=bindparam("closed_at"))
)


class _Held(NamedTuple):
    """The values at a key, and since which position of this page; None when they are stored already."""

    values: tuple[Value, ...]
    since: int | None


class AttributeChanges:
    """Collects rows to close and rows to add."""

    def __init__(self) -> None:
        self._closed: list[dict[str, Any]] = []
        self._added: list[dict[str, Any]] = []

    def follow(
        self, collection: Collection, id_: str, *, stored: Attributes, states: Iterable[tuple[int, Attributes]]
    ) -> None:
        """Take in the attributes of a document from each position on, given those stored as open."""
        current = {key: _Held(values, None) for key, values in stored.items()}
        for position, attributes in states:
            for key in dict.fromkeys((*current, *attributes)):
                held, values = current.get(key), attributes.get(key)
                if held is not None:
                    if held.values == values:
                        continue
                    self._end(_place(collection, id_, key), held, position)
                    del current[key]
                if values is not None:
                    current[key] = _Held(values, position)
        for key, held in current.items():
            if held.since is not None:
                self._end(_place(collection, id_, key), held, OPEN)

    def write(self, connection: Connection) -> None:
        """Write them."""
        if self._closed:
            connection.execute(_CLOSE, self._closed)
        if self._added:
            connection.execute(insert(ATTRIBUTES), self._added)

    def _end(self, place: dict[str, str], held: _Held, position: int) -> None:
        if held.since is None:
            self._closed.append({**{f"of_{name}": part for name, part in place.items()}, "closed_at": position})
            return
        self._added.extend(
            {
                **place,
                "from_position": held.since,
                "ordinal": ordinal,
                "to_position": position,
                **value._asdict(),
            }
            for ordinal, value in enumerate(held.values)
        )


def _place(collection: Collection, id_: str, key: tuple[str, str]) -> dict[str, str]:
    return {"collection": collection.value, "id": id_, "root": key[0], "key": key[1]}
