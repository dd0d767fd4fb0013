"""Two generations held against each other, row by row, over the same stretch of the log."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, or_, select

from infrastructure.read_models.contents import decoded
from infrastructure.read_models.positions_table import SELECT_POSITION
from infrastructure.read_models.tables import ATTRIBUTES, DOCUMENTS, INSTANTS, OPEN, PARKED

_ROWS_AT_ONCE = 1_000
_SHOWN_CHARS = 80
_MISSING = object()

Key = tuple[Any, ...]
Rows = Mapping[Key, Mapping[str, Any]]


class Difference(NamedTuple):
    """What one generation says and the other does not.

    Attributes:
        position: From which on they differ.
        reason: Which row and which field, and both values.
    """

    position: int
    reason: str

    def __str__(self) -> str:
        return f"position {self.position}: {self.reason}"


class Stretch(NamedTuple):
    """The positions in between, `upto` with them, about which both generations are asked."""

    after: int
    upto: int

    def of(self, table: Table) -> ColumnElement[bool]:
        """Return the condition for rows that began or ended in the stretch; what came after is not looked at."""
        column = table.c
        if "from_position" not in column:
            return and_(column.position > self.after, column.position <= self.upto)
        has_ended = and_(column.to_position > self.after, column.to_position <= self.upto)
        return and_(column.from_position <= self.upto, or_(column.from_position > self.after, has_ended))


class _Compared(NamedTuple):
    """A table: which columns name a thing, and which one row of its history."""

    table: Table
    thing: tuple[str, ...]
    row: tuple[str, ...]

    def says(self, thing: Key) -> str:
        """Return the words for the thing."""
        if self.table is ATTRIBUTES:
            collection, root, key, id_ = thing
            return f"{collection} {id_}: {_shown(f'{root}.{key}')}"
        return " ".join((self.table.name, *map(str, thing)))


_TABLES = (
    *(_Compared(table, ("id",), ("from_position",)) for table in DOCUMENTS.values()),
    _Compared(ATTRIBUTES, ("collection", "root", "key", "id"), ("from_position", "ordinal")),
    _Compared(INSTANTS, (), ("position",)),
    _Compared(PARKED, (), ("position",)),
)


def differences(live: Connection, built: Connection, stretch: Stretch) -> Iterator[Difference | None]:
    """Yield what differs between two generations in a stretch of the log, and None for each thing that is equal.

    Args:
        live: Reads the generation that readers see.
        built: Reads the one made from the events: its word counts.
        stretch: Both have applied all of it.
    """
    for compared in _TABLES:
        sides = (_things(connection, compared, stretch) for connection in (live, built))
        for thing, seen, made in _side_by_side(*sides):
            if seen == made:
                yield None
                continue
            yield from _between(compared.says(thing), _by_row(compared, seen), _by_row(compared, made))


def _things(
    connection: Connection, compared: _Compared, stretch: Stretch
) -> Iterator[tuple[Key, list[Mapping[str, Any]]]]:
    """Yield each thing with its rows; what was ended after the stretch is open."""
    position: int = connection.execute(SELECT_POSITION).scalar_one()
    statement: Select[Any] = select(compared.table).where(stretch.of(compared.table))
    statement = statement.order_by(*compared.table.primary_key.columns)
    found = connection.execute(statement, execution_options={"yield_per": _ROWS_AT_ONCE})
    rows = (_as_of(stretch.upto, dict(row), position) for row in found.mappings())

    def thing(row: Mapping[str, Any]) -> Key:
        return tuple(row[name] for name in compared.thing)

    for key, of_thing in groupby(rows, thing) if compared.thing else (((row["position"],), [row]) for row in rows):
        yield key, list(of_thing)


def _as_of(upto: int, row: dict[str, Any], position: int) -> dict[str, Any]:
    """Return the row as it was when the tables were at `upto`, given that they are at `position`."""
    if upto < row.get("to_position", 0) <= position:  # later than that no row can have ended
        row["to_position"] = OPEN
    return row


def _side_by_side(
    one: Iterator[tuple[Key, list[Any]]], other: Iterator[tuple[Key, list[Any]]]
) -> Iterator[tuple[Key, list[Any], list[Any]]]:
    left, right = next(one, None), next(other, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left[0] < right[0]):
            assert left is not None
            yield left[0], left[1], []
            left = next(one, None)
        elif left is None or right[0] < left[0]:
            yield right[0], [], right[1]
            right = next(other, None)
        else:
            yield left[0], left[1], right[1]
            left, right = next(one, None), next(other, None)


def _by_row(compared: _Compared, rows: Iterable[Mapping[str, Any]]) -> Rows:
    place = itemgetter(*compared.row)
    return {key if isinstance(key := place(row), tuple) else (key,): row for row in rows}


def _between(thing: str, live: Rows, built: Rows) -> Iterator[Difference]:
    for key in sorted({*live, *built}):
        position: int = key[0]
        if key not in built:
            yield Difference(position, f"{thing}: no event says what the row there does")
        elif key not in live:
            yield Difference(position, f"{thing}: the row is missing")
        else:
            for field, seen, made in _fields(live[key], built[key]):
                yield Difference(position, f"{thing}: {field} is {_shown(seen)}, from the events {_shown(made)}")


def _fields(live: Mapping[str, Any], built: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name, made in built.items():
        if live[name] == made:
            continue
        if name == "document":
            yield from _parts(live[name], made)
        else:
            yield name, live[name], made


def _parts(live: Any, built: str) -> Iterator[tuple[str, Any, Any]]:
    made = decoded(built)
    try:
        seen = decoded(live)
    except (ValueError, TypeError):
        seen = None
    if not isinstance(seen, dict):
        yield "document", live, built
        return
    names: Sequence[str] = list(dict.fromkeys((*made, *seen)))
    differing = [name for name in names if not _is_same(seen.get(name, _MISSING), made.get(name, _MISSING))]
    for name in differing:
        yield f"document.{name}", seen.get(name), made.get(name)


def _is_same(one: Any, other: Any) -> bool:
    return bool(one == other) and repr(one) == repr(other)  # 1 is neither 1.0 nor true


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    text = text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
    return repr(text) if isinstance(value, str) else text
