"""Connections to the PostgreSQL database of the event store."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from time import monotonic, sleep
from typing import TypeVar

import psycopg
from eventsourcing.persistence import InterfaceError, OperationalError
from psycopg import sql
from psycopg.pq import TransactionStatus

from infrastructure.event_store.postgres_errors import ConnectionLost, ends_the_session, translated_errors
from infrastructure.postgres_connection import BoundedConnection, connect

RETRY_FOR_S = 5.0
"""So long a lost server is tried again before whoever asked is told."""

PRE_PING_AFTER_S = 1.0
"""A connection that was idle for so long is asked whether it lives; one lost since is found by its use."""

ANSWERS_WITHIN_S = 10.0
"""So long the server may take for an answer: twice as long as a writer waits for others."""

_RETRY_PAUSE_S = 0.1
# A writer that falls silent holds the lock until its session ends: that is to be before others give up.
_IDLE_IN_TRANSACTION_SHARE = 0.6

Connection = BoundedConnection
Answer = TypeVar("Answer")


class PostgresDatastore:
    """A few connections that many threads share, made when they are needed and made again when they are lost.

    What is done with them is tried again for a while when the server is lost, so it has to be such that
    doing it twice is harmless.

    Args:
        conninfo: What libpq connects by.
        pool_size: So many connections at most.
        lock_timeout_s: How long to wait for other writers.
    """

    def __init__(self, *, conninfo: str, pool_size: int, lock_timeout_s: int) -> None:
        self._conninfo = conninfo
        self._lock_timeout_s = lock_timeout_s
        self._places = BoundedSemaphore(pool_size)
        self._guard = Lock()
        self._idle: list[tuple[Connection, float]] = []
        self._is_closed = False

    def retried(self, work: Callable[[Connection], Answer]) -> Answer:
        """Do the work with a connection, again with another one while the server is lost, within bounds.

        Raises:
            ConnectionLost: The server did not come back in time.
            PersistenceError: Whatever else PostgreSQL finds wrong; that is not tried again.
        """
        deadline = monotonic() + RETRY_FOR_S
        while True:
            try:
                with self.connection() as connection:
                    return work(connection)
            except ConnectionLost:
                if monotonic() + _RETRY_PAUSE_S > deadline:
                    raise
                sleep(_RETRY_PAUSE_S)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection that commits each statement by itself; a transaction left open is rolled back.

        Raises:
            ConnectionLost: The server cannot be reached, or was lost.
            PersistenceError: Whatever else PostgreSQL finds wrong.
        """
        if not self._places.acquire(timeout=RETRY_FOR_S):
            msg = f"all connections to the event store were in use for {RETRY_FOR_S} s"
            raise OperationalError(msg)
        try:
            connection = self._taken() or self.connect()
            try:
                with _told_when_lost(connection), translated_errors():
                    yield connection
            finally:
                self._give_back(connection)
        finally:
            self._places.release()

    def connect(self) -> Connection:
        """Return a connection of the caller's own, set up like the shared ones.

        Raises:
            ConnectionLost: The server cannot be reached.
        """
        try:
            connection = connect(self._conninfo, answers_within_s=ANSWERS_WITHIN_S)
        except psycopg.OperationalError as error:
            raise ConnectionLost(str(error)) from error
        idle_ms = int(self._lock_timeout_s * 1000 * _IDLE_IN_TRANSACTION_SHARE)
        try:
            connection.execute(_set("lock_timeout", self._lock_timeout_s * 1000))
            connection.execute(_set("idle_in_transaction_session_timeout", idle_ms))
        except psycopg.Error as error:
            connection.close()
            raise ConnectionLost(str(error)) from error
        return connection

    def close(self) -> None:
        """Close the connections; those in use when they are given back."""
        with self._guard:
            self._is_closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        with self._guard:
            idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()

    def _taken(self) -> Connection | None:
        """Return an idle connection that lives, the one used last; None when a new one has to be made."""
        while True:
            with self._guard:
                if self._is_closed:
                    msg = "the event store is closed"
                    raise InterfaceError(msg)
                if not self._idle:
                    return None
                connection, since = self._idle.pop()
            if monotonic() - since < PRE_PING_AFTER_S or connection.answers():
                return connection
            self._close_idle()  # or each of them would be waited for in turn

    def _give_back(self, connection: Connection) -> None:
        if not _is_clean(connection):
            connection.close()
            return
        with self._guard:
            if not self._is_closed:
                self._idle.append((connection, monotonic()))
                return
        connection.close()


@contextmanager
def _told_when_lost(connection: Connection) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        cause = error.__cause__
        if connection.closed or (isinstance(cause, psycopg.Error) and ends_the_session(cause)):
            connection.close()
            raise ConnectionLost(*error.args) from error
        raise


def _is_clean(connection: Connection) -> bool:
    """End the transaction that is open; return whether the connection can be used again."""
    if connection.closed:
        return False
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        try:
            connection.rollback()
        except psycopg.Error:
            return False
    return connection.info.transaction_status is TransactionStatus.IDLE


def _set(name: str, milliseconds: int) -> sql.Composed:
    return sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(milliseconds))
