"""The read models in a SQL database."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import URL, Connection, Select, func, insert, select

from application.ports.read_models import Collection, Document, PositionTaken, Query
from infrastructure.read_models.checked import checked
from infrastructure.read_models.conditions import Source, restricted
from infrastructure.read_models.contents import decoded
from infrastructure.read_models.dialects import create_tables, for_reading, for_writing, open_engine
from infrastructure.read_models.moments import Moment
from infrastructure.read_models.open_documents import OpenDocuments
from infrastructure.read_models.orders import ordered
from infrastructure.read_models.page import PageRows
from infrastructure.read_models.statements import PageStatements
from infrastructure.read_models.tables import DOCUMENTS, POSITION, TABLES

_NAME = "read_models"
_POSITION = select(POSITION.c.position).where(POSITION.c.name == _NAME)


class SqlReadModels:
    """Read models in SQLite or PostgreSQL, safe to use from many threads and processes.

    Args:
        url: The database; its tables are created where they are missing. A file of SQLite must be one of
            its own, not the event store's: its durability is less, as all of it follows from the events.
        rare_rows: So many rows or fewer, found by one part of a filter, are looked up first and held
            against the rest of it; more are not, as the page that is asked for fills without.
    """

    def __init__(self, *, url: str | URL, rare_rows: int = 4_000) -> None:
        self._rare_rows = rare_rows
        self._known = OpenDocuments(position=0)
        self._engine = open_engine(url)
        self._reading = for_reading(self._engine)
        self._writing = for_writing(self._engine)
        with self._writing.begin() as connection:
            create_tables(connection, TABLES)
            if connection.scalar(_POSITION) is None:
                connection.execute(insert(POSITION), {"name": _NAME, "position": 0})
        self._statements = PageStatements(self._engine.dialect)  # knows its server since the first connection
        self._engine.dispose()  # what the planner was told is read by new connections only

    def close(self) -> None:
        """Close all connections that nobody uses."""
        self._engine.dispose()

    def position(self) -> int:
        """Return the position of the last event applied; 0 before the first."""
        with self._reading.connect() as connection:
            position: int = connection.execute(_POSITION).scalar_one()
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

    def find(self, query: Query) -> list[Document]:
        """Return the documents that the query asks for, in its order, from one state of the database.

        Raises:
            InvalidInput: A filter or order that the collection cannot answer.
        """
        query = checked(query)
        source = Source(query.collection, DOCUMENTS[query.collection])
        with self._reading.connect() as connection:
            is_now = query.at >= connection.execute(_POSITION).scalar_one()
            moment = Moment(None if is_now else query.at)
            statement = select(source.table.c.document).where(moment.of(source.table))
            if query.where is not None:
                statement = statement.where(
                    restricted(source, query.where, moment, partial(self._is_rare, connection))
                )
            statement = ordered(statement, source, query.order_by, moment)
            found = connection.scalars(statement.limit(query.limit).offset(query.offset))
            return [decoded(text) for text in found]

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
            moved = self._statements.move.run(connection, {"of_name": _NAME, "after": after, "upto": upto})
            if moved.rowcount != 1:
                msg = f"the read models are not at {after} any more"
                raise PositionTaken(msg)
            known = self._take_known(after)
            rows = PageRows(connection, statements=self._statements, known=known, after=after, upto=upto)
            yield rows
            rows.write()
        known.position = upto
        self._known = known

    def _take_known(self, position: int) -> OpenDocuments:
        """Return the documents known at the position, for the page at hand alone: its failure loses them.

        To be called once the position has moved: until the transaction ends no other page gets that far.
        """
        known, self._known = self._known, OpenDocuments(position=0)
        return known if known.position == position else OpenDocuments(position=position)

    def _is_rare(self, connection: Connection, selection: Select[Any]) -> bool:
        some = selection.limit(self._rare_rows + 1).subquery()
        count: int = connection.execute(select(func.count()).select_from(some)).scalar_one()
        return count <= self._rare_rows
