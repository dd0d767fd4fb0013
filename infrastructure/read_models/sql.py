"""The read models in a SQL database."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import URL, Connection, insert, select

from application.ports.read_models import PARKED_MAX, Collection, Document, ParkedEvent, PositionTaken, Query
from infrastructure.read_models.asking import Asking
from infrastructure.read_models.checked import checked
from infrastructure.read_models.contents import decoded
from infrastructure.read_models.dialects import create_tables, for_reading, for_writing, open_engine
from infrastructure.read_models.fingerprint import fingerprint
from infrastructure.read_models.moments import Moment
from infrastructure.read_models.open_documents import OpenDocuments
from infrastructure.read_models.page import PageRows
from infrastructure.read_models.positions_table import NAME, SELECT_POSITION, STOP, position_row
from infrastructure.read_models.postgres_planning import FreshFigures
from infrastructure.read_models.searches import Search
from infrastructure.read_models.statements import PageStatements
from infrastructure.read_models.tables import DOCUMENTS, FINGERPRINT, INSTANTS, PARKED, POSITION, TABLES
from infrastructure.read_models.time_limits import limited
from infrastructure.read_models.timeline import microseconds

_ONE_STATE: Mapping[str, Mapping[str, Any]] = {
    "sqlite": {"begin": "BEGIN"},
    "postgresql": {"isolation_level": "REPEATABLE READ"},
}


class SqlReadModels:
    """One generation of read models in SQLite or PostgreSQL, safe to use from many threads and processes.

    Args:
        url: The database; its tables are created where they are missing. A file of SQLite must be one of
            its own, not the event store's: its durability is less, as all of it follows from the events.
        schema: Of PostgreSQL, made where it is missing; None for the first that it looks into.
        rare_rows: So many rows or fewer, found by one part of a filter, are looked up first and held
            against the rest of it; more are not, as the page that is asked for fills without.
        read_timeout_s: How long a question may take.
    """

    def __init__(
        self, *, url: str | URL, schema: str | None = None, rare_rows: int = 4_000, read_timeout_s: float = 10.0
    ) -> None:
        self._rare_rows = rare_rows
        self._read_timeout_s = read_timeout_s
        self._known = OpenDocuments(position=0)
        self._engine = open_engine(url, read_timeout_s=read_timeout_s)
        if schema is not None:
            self._engine = self._engine.execution_options(schema_translate_map={None: schema})
        self._reading = for_reading(self._engine)
        self._writing = for_writing(self._engine)
        with self._writing.begin() as connection:
            create_tables(connection, TABLES, schema=schema)
            if connection.scalar(SELECT_POSITION) is None:
                connection.execute(insert(POSITION), position_row(0))
                connection.execute(insert(FINGERPRINT), {"fingerprint": fingerprint()})
        # the dialect knows its server since the first connection
        self._statements = PageStatements(self._engine.dialect, schema=schema)
        is_postgres = self._engine.dialect.name == "postgresql"
        self._figures = FreshFigures(self._engine, TABLES, schema=schema) if is_postgres else None
        self._engine.dispose()  # what the planner was told is read by new connections only

    def close(self) -> None:
        """Close all connections that nobody uses."""
        self._engine.dispose()

    def position(self) -> int:
        """Return the position of the last event applied; 0 before the first."""
        with self._reading.connect() as connection:
            position: int = connection.execute(SELECT_POSITION).scalar_one()
            return position

    def get(self, collection: Collection, id: UUID, *, at: int | None = None) -> Document | None:  # noqa: A002 - the field's name
        """Return the document as it was at the position (now, when None); None when there was none."""
        table = DOCUMENTS[collection]
        with self._reading.connect() as connection:
            text = connection.scalar(select(table.c.document).where(table.c.id == str(id), Moment(at).of(table)))
        if text is None:
            return None
        document: Document = decoded(text)
        return document

    def changed_at(self, collection: Collection, id: UUID, *, upto: int) -> list[int]:  # noqa: A002 - the field's name
        """Return the positions, up to and with `upto`, at which the document became another, in order."""
        column = DOCUMENTS[collection].c
        changes = select(column.from_position).where(column.id == str(id), column.from_position <= upto)
        with self._reading.connect() as connection:
            return list(connection.scalars(changes.order_by(column.from_position)))

    def position_at(self, instant: datetime) -> int:
        """Return the last position applied up to which no event is later than the instant; 0 before all."""
        later = INSTANTS.c.instant > microseconds(instant)
        rise = select(INSTANTS.c.before).where(later).order_by(INSTANTS.c.instant).limit(1)
        with self._reading.connect() as connection:
            before: int | None = connection.scalar(rise)
            position: int = connection.execute(SELECT_POSITION).scalar_one() if before is None else before
            return position

    def parked(self) -> list[ParkedEvent]:
        """Return the events that could not be read, in position order, at most a thousand."""
        with self._reading.connect() as connection:
            rows = connection.execute(select(PARKED).order_by(PARKED.c.position).limit(PARKED_MAX)).mappings()
            return [ParkedEvent.model_validate(dict(row)) for row in rows]

    def find(self, query: Query) -> list[Document]:
        """Return the documents that the query asks for, in its order, from one state of the database.

        Raises:
            InvalidInput: A filter or order that the collection cannot answer.
            ReadTooLong: The answer takes longer than it may.
        """
        query = checked(query)
        with self._reading.connect() as connection, limited(connection, seconds=self._read_timeout_s):
            head: int = connection.execute(SELECT_POSITION).scalar_one()
            moment = Moment(None if query.at >= head else query.at)
            search = Search(Asking(connection, rare_rows=self._rare_rows), moment=moment, head=head)
            return [decoded(text) for text in search.documents(query)]

    @contextmanager
    def page(self, *, after: int, upto: int) -> Iterator[PageRows]:
        """Apply a page of events: all that is put inside, and the position `upto`, or nothing.

        Raises:
            PositionTaken: The position is not `after` any more: another process has applied the page.
            ValueError: `upto` does not follow `after`.
        """
        if upto <= after:
            msg = f"a page after {after} cannot end at {upto}"
            raise ValueError(msg)
        with self._writing.begin() as connection:
            moved = self._statements.move.run(connection, {"of_name": NAME, "after": after, "upto": upto})
            if moved.rowcount != 1:
                msg = f"the read models are not at {after} any more"
                raise PositionTaken(msg)
            known = self._take_known(after)
            rows = PageRows(connection, statements=self._statements, known=known, after=after, upto=upto)
            yield rows
            rows.write()
        known.position = upto
        self._known = known
        if self._figures is not None:
            self._figures.reached(upto)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a transaction that sees one state of the tables, for as long as it takes."""
        # unlike a reader's question, this one may take minutes
        engine = self._writing.execution_options(**_ONE_STATE[self._engine.dialect.name])
        with engine.connect() as connection:
            yield connection

    @contextmanager
    def stopping(self) -> Iterator[Connection]:
        """Hold the position where it is; after the block no page follows any more, unless the block fails."""
        with self._writing.begin() as connection:
            connection.execute(SELECT_POSITION.with_for_update())
            yield connection
            connection.execute(STOP)

    def _take_known(self, position: int) -> OpenDocuments:
        """Return the documents known at the position, for the page at hand alone: its failure loses them.

        To be called once the position has moved: until the transaction ends no other page gets that far.
        """
        known, self._known = self._known, OpenDocuments(position=0)
        return known if known.position == position else OpenDocuments(position=position)
