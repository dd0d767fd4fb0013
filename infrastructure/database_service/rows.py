"""The rows that a batch of commands speaks of: as they are, and as they become."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, insert, select

from application.ports.read_models import Collection
from infrastructure.database_service.commands import Command
from infrastructure.database_service.damage import Damaged, document_of
from infrastructure.database_service.tables import TABLES, TOMBSTONES
from infrastructure.read_models.attributes import Attributes, Key, flatten
from infrastructure.read_models.contents import KEYED, Content, decoded
from infrastructure.read_models.fields import columns_of
from infrastructure.read_models.open_documents import Place
from infrastructure.read_models.tables import ATTRIBUTES, OPEN

_ATTRIBUTES = TABLES.tables[ATTRIBUTES.name]


class Row(NamedTuple):
    """A row, or the fact that there is none any more.

    Attributes:
        position: At which it became so.
        content: None where there is none.
    """

    position: int
    content: Content | None

    def gives_way_to(self, command: Command) -> bool:
        """Return whether the command changes this row; what is older than the row does not."""
        return command.position >= self.position or command.replaces == self.position


class Rows:
    """Rows by collection and id, read once, changed in memory, and written once.

    Args:
        connection: A transaction that no other writer's crosses.
        places: Which rows.
        afresh: Whether nothing of what is there of those that change is relied on: all of it is removed.
    """

    def __init__(self, connection: Connection, places: Sequence[Place], *, afresh: bool = False) -> None:
        self._connection = connection
        self._before, damaged = _read(connection, places)
        self._after: dict[Place, Row] = {}
        self._afresh = set(places) if afresh else damaged

    def carry_out(self, command: Command) -> int | None:
        """Change the row; return the position that it goes back to, where a command that mends does so."""
        place = (command.collection, str(command.id))
        row = self._after.get(place) or self._before.get(place)
        if row is not None and not row.gives_way_to(command):
            return None
        self._after[place] = Row(command.position, command.content)
        if command.replaces is None:
            return None
        self._afresh.add(place)
        stood_at = command.replaces if row is None else row.position
        return command.position if command.position < stood_at else None

    def write(self) -> None:
        """Write what has changed."""
        afresh = self._after.keys() & self._afresh
        before = {place: row for place, row in self._before.items() if place not in afresh}
        changed = {place: row for place, row in self._after.items() if row != before.get(place)}
        _clear(self._connection, afresh)
        _remove(self._connection, {place: row for place in changed if (row := before.get(place))})
        _add(self._connection, changed)
        _write_attributes(self._connection, before=before, after=changed)


def _read(connection: Connection, places: Iterable[Place]) -> tuple[dict[Place, Row], set[Place]]:
    """Return the rows, and where there is more or something else than a row."""
    ids: dict[Collection, set[str]] = defaultdict(set)
    for collection, id_ in places:
        ids[collection].add(id_)
    found: dict[Place, Row] = {}
    damaged: set[Place] = set()
    for collection, sought in ids.items():
        table, graves = TABLES.tables[collection.value].c, TOMBSTONES.c
        rows = select(table.id, table.from_position, table.document).where(table.id.in_(sorted(sought)))
        for id_, position, text in connection.execute(rows.order_by(table.from_position)):
            place = (collection, id_)
            if place in found:
                damaged.add(place)
            try:
                found[place] = Row(position, Content.of(collection, document_of(id_, text)))
            except Damaged:
                damaged.add(place)
                found[place] = Row(position, None)
        gone = select(graves.id, graves.position).where(
            graves.collection == collection.value, graves.id.in_(sorted(sought))
        )
        for id_, position in connection.execute(gone):
            place = (collection, id_)
            if place in found:
                damaged.add(place)
            else:
                found[place] = Row(position, None)
    return found, damaged


def _clear(connection: Connection, places: Iterable[Place]) -> None:
    """Remove whatever there is of the rows."""
    ids: dict[Collection, list[str]] = defaultdict(list)
    for collection, id_ in places:
        ids[collection].append(id_)
    for collection, gone in ids.items():
        for table in (TOMBSTONES, _ATTRIBUTES):  # of the latter no index leads to an id: all are passed by at once
            connection.execute(delete(table).where(table.c.collection == collection.value, table.c.id.in_(gone)))
        its = TABLES.tables[collection.value]
        connection.execute(delete(its).where(its.c.id.in_(gone)))


def _remove(connection: Connection, rows: Mapping[Place, Row]) -> None:
    documents: dict[Collection, list[dict[str, str]]] = defaultdict(list)
    graves = []
    for (collection, id_), row in rows.items():
        if row.content is None:
            graves.append({"of_collection": collection.value, "gone_id": id_})
        else:
            documents[collection].append({"gone_id": id_})
    for collection, gone in documents.items():
        table = TABLES.tables[collection.value]
        connection.execute(delete(table).where(table.c.id == bindparam("gone_id")), gone)
    if graves:
        its = (TOMBSTONES.c.collection == bindparam("of_collection"), TOMBSTONES.c.id == bindparam("gone_id"))
        connection.execute(delete(TOMBSTONES).where(*its), graves)


def _add(connection: Connection, rows: Mapping[Place, Row]) -> None:
    documents: dict[Collection, list[dict[str, Any]]] = defaultdict(list)
    graves = []
    for (collection, id_), row in rows.items():
        if row.content is None:
            graves.append({"collection": collection.value, "id": id_, "position": row.position})
            continue
        columns = columns_of(collection, UUID(id_), decoded(row.content.text))
        place = {"document": row.content.text, "from_position": row.position, "to_position": OPEN}
        documents[collection].append({**columns, **place})
    for collection, added in documents.items():
        connection.execute(insert(TABLES.tables[collection.value]), added)
    if graves:
        connection.execute(insert(TOMBSTONES), graves)


def _write_attributes(connection: Connection, *, before: Mapping[Place, Row], after: Mapping[Place, Row]) -> None:
    removed, added = [], []
    for place, row in after.items():
        were, are = _attributes(place, before.get(place)), _attributes(place, row)
        for key in dict.fromkeys((*were, *are)):
            if were.get(key) == are.get(key):
                continue
            if key in were:
                removed.append({f"of_{name}": value for name, value in _named(place, key).items()})
            for ordinal, value in enumerate(are.get(key, ())):
                where = {"from_position": 0, "to_position": OPEN, "ordinal": ordinal}
                added.append({**_named(place, key), **where, **value._asdict()})
    if removed:
        its = [_ATTRIBUTES.c[name] == bindparam(f"of_{name}") for name in ("collection", "id", "root", "key")]
        connection.execute(delete(_ATTRIBUTES).where(*its), removed)
    if added:
        connection.execute(insert(_ATTRIBUTES), added)


def _attributes(place: Place, row: Row | None) -> Attributes:
    if row is None or row.content is None:
        return {}
    flat: dict[Key, Any] = {}
    for root, text in zip(KEYED[place[0]], row.content.free_form, strict=True):
        flat.update(flatten(root, decoded(text)))
    return flat


def _named(place: Place, key: Key) -> dict[str, str]:
    return {"collection": place[0].value, "id": place[1], "root": key[0], "key": key[1]}
