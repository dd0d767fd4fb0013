"""Writes a log as it was, positions and hashes included, into a store that holds none."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.utils import Environment
from psycopg import Connection

from infrastructure.event_store.log_rows import EventRow, LinkRow, LogUnreachable, Page
from infrastructure.event_store.postgres_log import limit_waiting, reachable
from infrastructure.event_store.postgres_tables import create_tables
from infrastructure.event_store.settings import sqlite_environment
from infrastructure.postgres_connection import connect, conninfo

Write = Callable[[Page], None]


class StoreNotEmpty(Exception):
    """There is a log already, and it is left as it is."""


class EmptyStore(Protocol):
    """A store that a log can be restored into."""

    def require_empty(self) -> None:
        """Demand that there is no event yet.

        Raises:
            StoreNotEmpty: There is.
            LogUnreachable: The store cannot be reached.
        """

    def writing(self) -> AbstractContextManager[Write]:
        """Give what writes a page of sound rows; at the end of the block they are there, or none is.

        Raises:
            StoreNotEmpty: There is an event already.
            LogUnreachable: The store cannot be written.
        """


class EmptySQLiteStore:
    """A SQLite file that is not there yet."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def require_empty(self) -> None:
        """Demand that there is no file.

        Raises:
            StoreNotEmpty: There is one.
        """
        if self._path.exists():
            msg = f"there is a log at {self._path} already"
            raise StoreNotEmpty(msg)

    @contextmanager
    def writing(self) -> Iterator[Write]:
        """Give what writes a page of sound rows; the file gets its name at the end of the block.

        Raises:
            StoreNotEmpty: There is a file already.
            LogUnreachable: It cannot be written.
        """
        self.require_empty()
        new = self._path.with_name(f"{self._path.name}.new")
        for path in (new, new.with_name(f"{new.name}-wal"), new.with_name(f"{new.name}-shm")):
            path.unlink(missing_ok=True)
        try:
            factory = InfrastructureFactory.construct(Environment("", sqlite_environment(new)))
            try:
                factory.application_recorder()
            finally:
                factory.close()
            with closing(sqlite3.connect(new, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                yield lambda page: _insert(connection, *page)
                connection.execute("COMMIT")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            msg = f"the log cannot be written: {error}"
            raise LogUnreachable(msg) from error
        new.replace(self._path)


class EmptyPostgresStore:
    """A PostgreSQL database without events.

    Args:
        url: As libpq takes it (`postgresql://…`).
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def require_empty(self) -> None:
        """Demand that there is no event yet.

        Raises:
            StoreNotEmpty: There is.
            LogUnreachable: The database cannot be reached.
        """
        with reachable(), connect(conninfo(self._url)) as connection:
            limit_waiting(connection)
            found = connection.execute("SELECT to_regclass('ml_events.stored_events') IS NOT NULL").fetchone()
            if found == (True,):
                _require_no_rows(connection)

    @contextmanager
    def writing(self) -> Iterator[Write]:
        """Give what writes a page of sound rows; all are committed at the end of the block.

        Raises:
            StoreNotEmpty: There is an event already.
            LogUnreachable: The database cannot be written.
        """
        with reachable(), connect(conninfo(self._url)) as connection:
            limit_waiting(connection)
            create_tables(connection)
            with connection.transaction():
                connection.execute("LOCK TABLE ml_events.stored_events IN EXCLUSIVE MODE")
                _require_no_rows(connection)
                yield lambda page: _copy(connection, *page)


def _require_no_rows(connection: Connection[Any]) -> None:
    statement = "SELECT EXISTS (SELECT FROM ml_events.stored_events) OR EXISTS (SELECT FROM ml_events.chain)"
    if connection.execute(statement).fetchone() != (False,):
        msg = "there is a log in the database already"
        raise StoreNotEmpty(msg)


def _insert(connection: sqlite3.Connection, events: Sequence[EventRow], links: Sequence[LinkRow]) -> None:
    connection.executemany(
        "INSERT INTO stored_events (rowid, originator_id, originator_version, topic, state) "
        "VALUES (?, ?, ?, ?, ?)",
        ((at, stream.decode(), version, topic.decode(), state) for at, stream, version, topic, state, _ in events),
    )
    connection.executemany("INSERT INTO chain (position, hash) VALUES (?, ?)", (each[:2] for each in links))


def _copy(connection: Connection[Any], events: Sequence[EventRow], links: Sequence[LinkRow]) -> None:
    with connection.cursor() as cursor:
        with cursor.copy(
            "COPY ml_events.stored_events (position, originator_id, originator_version, topic, state) FROM STDIN"
        ) as copy:
            for at, stream, version, topic, state, _ in events:
                copy.write_row((at, UUID(stream.decode()), version, topic.decode(), state))
        with cursor.copy("COPY ml_events.chain (position, hash) FROM STDIN") as copy:
            for at, hash_, _ in links:
                copy.write_row((at, hash_))
