"""Connections and transactions on the SQLite file of the event store."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Literal

from eventsourcing.sqlite import (
    SQLITE3_DEFAULT_LOCK_TIMEOUT,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
)

from infrastructure.event_store.sqlite_errors import translated_errors
from infrastructure.event_store.writer_queue import WriterQueue
from infrastructure.sqlite_journal import write_ahead

Synchronous = Literal["NORMAL", "FULL", "EXTRA"]
"""SQLite's setting of that name; FULL: what is acknowledged survives a power cut."""


class EventConnectionPool(SQLiteConnectionPool):
    """Connections in write-ahead mode that wait for locks and sync to disk as told.

    Args:
        db_name: A `file:` URI.
        lock_timeout_s: How long to wait for another process's lock.
        synchronous: How a commit reaches the disk.
    """

    def __init__(self, *, db_name: str, lock_timeout_s: int, synchronous: Synchronous) -> None:
        super().__init__(db_name=db_name, lock_timeout=lock_timeout_s)
        self._lock_timeout_s = lock_timeout_s
        self._synchronous = synchronous

    def connect(self) -> sqlite3.Connection:
        """Return a connection of the caller's own, outside the pool."""
        return sqlite3.connect(
            self.db_name,
            uri=True,
            check_same_thread=False,
            isolation_level=None,
            timeout=self._lock_timeout_s,
        )

    def _create_connection(self) -> SQLiteConnection:
        connection = self.connect()
        try:
            write_ahead(connection, timeout_s=self._lock_timeout_s)
            connection.execute(f"PRAGMA synchronous={self._synchronous}")
        except BaseException:
            connection.close()
            raise
        connection.row_factory = sqlite3.Row
        connection.text_factory = _text
        return SQLiteConnection(connection, max_age=self.max_age)


class EventDatastore(SQLiteDatastore):
    """Transactions that leave the connection usable, however they end.

    Three ways of the library's own lead elsewhere: an error in BEGIN or of a failed roll-back comes out as
    `sqlite3`'s; a COMMIT that fails leaves its transaction open in the pool; and a connection that cannot
    be made keeps the writer's lock for ever.

    Args:
        db_name: A `file:` URI.
        lock_timeout_s: How long to wait for other writers, in this process and in others.
        synchronous: How a commit reaches the disk.
    """

    def __init__(
        self,
        *,
        db_name: str,
        lock_timeout_s: int = SQLITE3_DEFAULT_LOCK_TIMEOUT,
        synchronous: Synchronous = "FULL",
    ) -> None:
        super().__init__(db_name)
        self.pool: EventConnectionPool = EventConnectionPool(
            db_name=db_name, lock_timeout_s=lock_timeout_s, synchronous=synchronous
        )
        self._writers = WriterQueue(timeout_s=lock_timeout_s)

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """Give a cursor in a transaction: one that holds the write lock from its start, or a reading one.

        Raises:
            IntegrityError: The stream has an event of that version already.
            OperationalError: The disk is full, or others held the lock for too long.
            PersistenceError: Whatever else SQLite finds wrong.
        """
        turn = self._writers.turn() if commit else nullcontext()
        with translated_errors(), turn, self.get_connection(commit=commit) as connection:
            cursor = connection.cursor()
            with cursor:
                try:
                    cursor.execute("BEGIN IMMEDIATE" if commit else "BEGIN")
                    yield cursor
                    if commit:
                        connection.commit()
                finally:
                    _roll_back(connection)

    @contextmanager
    def get_connection(self, *, commit: bool) -> Iterator[SQLiteConnection]:
        """Give a connection of the pool, to write (`commit`) or to read."""
        # The line of writers is ours: in the pool's, readers would wait behind them.
        connection = self.pool.get_connection()
        try:
            yield connection
        finally:
            self.pool.put_connection(connection)


def _text(stored: bytes) -> str:
    """Return stored text whatever became of it: one damaged name must not hide the rows behind it."""
    return stored.decode("utf-8", "backslashreplace")


def _roll_back(connection: SQLiteConnection) -> None:
    """End the transaction if it is open still; a connection that cannot do so is thrown away."""
    try:
        connection.rollback()
    except sqlite3.Error:
        connection.close()
