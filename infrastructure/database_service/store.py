"""The rows of the reference server, in SQLite or PostgreSQL."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import URL, Connection, select
from sqlalchemy.exc import IntegrityError

from application.ports.filters import And, Comparison, Condition, FieldPath, Operator, Order
from application.ports.read_models import Collection, Query
from domain.errors import InvalidInput
from infrastructure.database_service.arrived_rows import arrived_of, note, reached
from infrastructure.database_service.commands import Command
from infrastructure.database_service.damage import damage_of
from infrastructure.database_service.opening import opened
from infrastructure.database_service.rows import Rows
from infrastructure.database_service.tables import TABLES, TOMBSTONES
from infrastructure.read_models.asking import Asking
from infrastructure.read_models.checked import checked
from infrastructure.read_models.dialects import for_reading, for_writing, open_engine
from infrastructure.read_models.moments import Moment
from infrastructure.read_models.postgres_planning import FreshFigures
from infrastructure.read_models.predicates import within
from infrastructure.read_models.searches import Search
from infrastructure.read_models.time_limits import limited

SCHEMA = "ml_database_service"
"""Of PostgreSQL."""

_CONNECTIONS = 8  # a few threads ask, and one writes
_RARE_ROWS = 4_000
_NOW = 2**63 - 1
_OFFSET_DIGITS = 19
_PLACE_BYTES = 20
"""What a row takes in a page beside its document: its position, and commas."""


class StoredRow(NamedTuple):
    """A row, its document as JSON.

    Attributes:
        position: At which it became so; 0 where there never was one.
        document: None where there is none.
        damage: Why what stands there is no document; None where it is one, or there is no row.
    """

    position: int
    document: str | None
    damage: str | None = None


NO_ROW = StoredRow(0, None)
"""There never was one."""


class FoundRow(NamedTuple):
    """A row of a page; its attributes are those of `StoredRow`, but that there is always something.

    Attributes:
        id: Under which it stands.
    """

    id: str
    position: int
    document: str | None
    damage: str | None


class Page(NamedTuple):
    """Rows from one state of a collection.

    Attributes:
        position: Of the collection.
        rows: In order.
        next_after: How to ask for the next page; None where there is none.
    """

    position: int
    rows: Sequence[FoundRow]
    next_after: str | None

    @property
    def documents(self) -> Sequence[str]:
        """Those that there are, as JSON."""
        return [row.document for row in self.rows if row.document is not None]


class SqlMetadataStore:
    """Rows by collection and id, each at the latest position that was sent, whatever the order of sending.

    Tables of another version of this program are emptied: who sent the rows sees it, and sends them again.

    Args:
        url: The database; its tables are made where they are missing.
        schema: Of PostgreSQL; None for SQLite.
        page_max_bytes: The documents of a page take no more together, but where a single one does.
        read_timeout_s: How long a question may take.

    Attributes:
        identity: Tells these tables from all others.
    """

    identity: str

    def __init__(
        self,
        *,
        url: str | URL,
        schema: str | None = None,
        page_max_bytes: int = 900_000,
        read_timeout_s: float = 5.0,
    ) -> None:
        self._page_max_bytes = page_max_bytes
        self._read_timeout_s = read_timeout_s
        self._engine = open_engine(url, read_timeout_s=read_timeout_s, connections=_CONNECTIONS)
        if schema is not None:
            self._engine = self._engine.execution_options(schema_translate_map={None: schema})
        self._reading = for_reading(self._engine)
        self._writing = for_writing(self._engine)
        with self._writing.begin() as connection:
            self.identity = opened(connection, schema)
        is_postgres = self._engine.dialect.name == "postgresql"
        self._figures = FreshFigures(self._engine, TABLES, schema=schema) if is_postgres else None
        self._engine.dispose()  # what the planner was told is read by new connections only

    def close(self) -> None:
        """Close all connections that nobody uses."""
        self._engine.dispose()

    def apply(self, commands: Sequence[Command]) -> None:
        """Carry out the commands, all or none; whatever is older than its row changes nothing."""
        try:
            self._carry_out(commands)
        except IntegrityError:  # something stands in the way that was not written here
            self._carry_out(commands, afresh=True)

    def _carry_out(self, commands: Sequence[Command], *, afresh: bool = False) -> None:
        with self._writing.begin() as connection:
            arrived = arrived_of(connection, {command.collection for command in commands})
            places = [(command.collection, str(command.id)) for command in commands]
            rows = Rows(connection, places, afresh=afresh)
            for command in commands:
                back_at = rows.carry_out(command)
                if command.arrival is not None:
                    arrived[command.collection] = arrived[command.collection].with_more([command.arrival])
                elif back_at is not None:
                    arrived[command.collection] = arrived[command.collection].back_at(back_at)
            rows.write()
            note(connection, arrived)
        if self._figures is not None:
            self._figures.reached(max(each.upto.position for each in arrived.values()))

    def get(self, collection: Collection, id: UUID | str) -> StoredRow:  # noqa: A002 - the field's name
        """Return the row."""
        graves = TOMBSTONES.c
        with self._reading.connect() as connection:
            for row in _rows(connection, collection, [str(id)]):
                return StoredRow(row.position, row.document, row.damage)
            its_grave = (graves.collection == collection.value, graves.id == str(id))
            return StoredRow(connection.scalar(select(graves.position).where(*its_grave)) or 0, None)

    def find(
        self,
        collection: Collection,
        *,
        where: Condition | None = None,
        order_by: tuple[Order, ...] = (),
        limit: int = 50,
        after: str | None = None,
    ) -> Page:
        """Return a page of the documents for which the condition holds.

        Raises:
            InvalidInput: The collection has no such field to filter or order by, or `after` is none.
            ReadTooLong: The answer takes longer than it may.
        """
        offset = 0
        if order_by:
            offset = _offset(after)
        elif after is not None:
            beyond = Comparison(field=FieldPath(root="id"), operator=Operator.GT, literal=after)
            where = beyond if where is None else And(conditions=(where, beyond))
        query = checked(
            Query(
                collection=collection,
                where=where,
                order_by=order_by,
                limit=limit + 1 if limit else 0,
                offset=offset,
                at=_NOW,
            )
        )
        with self._reading.connect() as connection, limited(connection, seconds=self._read_timeout_s):
            position = reached(connection, collection)
            asking = Asking(connection, rare_rows=_RARE_ROWS)
            search = Search(asking, moment=Moment(None), head=position)
            rows = _rows(connection, collection, search.ids(query)) if limit else []
        page = list(self._fitting(rows[:limit]))
        next_after = None
        if len(page) < len(rows):
            next_after = str(offset + len(page)) if order_by else page[-1].id
        return Page(position, page, next_after)

    def _fitting(self, rows: Iterable[FoundRow]) -> Iterable[FoundRow]:
        """Yield the first rows that go into a message together."""
        size = 0
        for number, row in enumerate(rows):
            size += len((row.document or row.id).encode()) + _PLACE_BYTES
            if size > self._page_max_bytes and number:
                return
            yield row


def _rows(connection: Connection, collection: Collection, ids: Sequence[str]) -> list[FoundRow]:
    """Return the rows of these ids, in this order, those left out of which there is none."""
    table = TABLES.tables[collection.value].c
    theirs = select(table.id, table.from_position, table.document).where(within(table.id, ids))
    found: dict[str, FoundRow] = {}
    for id_, position, text in connection.execute(theirs.order_by(table.from_position)):
        damage = damage_of(id_, text) if id_ not in found else "it is there more than once"
        found[id_] = FoundRow(id_, position, text if damage is None else None, damage)
    return [found[id_] for id_ in dict.fromkeys(ids) if id_ in found]


def _offset(after: str | None) -> int:
    if after is None:
        return 0
    if not (after.isascii() and after.isdecimal() and len(after) < _OFFSET_DIGITS):
        raise InvalidInput.of("after", "is to be the `next_after` of an answer, with the same order.", after)
    return int(after)
