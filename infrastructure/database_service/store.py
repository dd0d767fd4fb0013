"""The rows of the reference server, in SQLite or PostgreSQL."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import URL, select

from application.ports.filters import And, Comparison, Condition, FieldPath, Operator, Order
from application.ports.read_models import Collection, Query
from domain.errors import InvalidInput
from infrastructure.database_service.arrived_rows import arrived_of, note, reached
from infrastructure.database_service.commands import Command
from infrastructure.database_service.opening import opened
from infrastructure.database_service.rows import Rows
from infrastructure.database_service.tables import TABLES, TOMBSTONES
from infrastructure.read_models.asking import Asking
from infrastructure.read_models.checked import checked
from infrastructure.read_models.contents import decoded
from infrastructure.read_models.dialects import for_reading, for_writing, open_engine
from infrastructure.read_models.moments import Moment
from infrastructure.read_models.postgres_planning import FreshFigures
from infrastructure.read_models.searches import Search
from infrastructure.read_models.time_limits import limited

SCHEMA = "ml_database_service"
"""Of PostgreSQL."""

_CONNECTIONS = 8  # a few threads ask, and one writes
_RARE_ROWS = 4_000
_NOW = 2**63 - 1
_OFFSET_DIGITS = 19


class StoredRow(NamedTuple):
    """A row, its document as JSON.

    Attributes:
        position: At which it became so; 0 where there never was one.
        document: None where there is none.
    """

    position: int
    document: str | None


class Page(NamedTuple):
    """Rows from one state of a collection.

    Attributes:
        position: Of the collection.
        documents: As JSON, in order.
        next_after: How to ask for the next page; None where there is none.
    """

    position: int
    documents: Sequence[str]
    next_after: str | None


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
        with self._writing.begin() as connection:
            arrived = arrived_of(connection, {command.collection for command in commands})
            rows = Rows(connection, [(command.collection, str(command.id)) for command in commands])
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

    def get(self, collection: Collection, id: UUID) -> StoredRow:  # noqa: A002 - the field's name
        """Return the row."""
        table, graves = TABLES.tables[collection.value].c, TOMBSTONES.c
        with self._reading.connect() as connection:
            row = connection.execute(
                select(table.from_position, table.document).where(table.id == str(id))
            ).one_or_none()
            if row is not None:
                return StoredRow(*row)
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
            texts = search.documents(query) if limit else []
        page = list(self._fitting(texts[:limit]))
        next_after = None
        if len(page) < len(texts):
            next_after = str(offset + len(page)) if order_by else decoded(page[-1])["id"]
        return Page(position, page, next_after)

    def _fitting(self, texts: Iterable[str]) -> Iterable[str]:
        """Yield the first texts that go into a message together."""
        size = 0
        for number, text in enumerate(texts):
            size += len(text.encode()) + 1
            if size > self._page_max_bytes and number:
                return
            yield text


def _offset(after: str | None) -> int:
    if after is None:
        return 0
    if not (after.isascii() and after.isdecimal() and len(after) < _OFFSET_DIGITS):
        raise InvalidInput.of("after", "is to be the `next_after` of an answer, with the same order.", after)
    return int(after)
