"""The log in a PostgreSQL database, read as it is at one moment, also while services write to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import Connection, ServerCursor, sql

from infrastructure.event_store.log_rows import PAGE_ROWS, Head, LogMissing, LogUnreachable, LogUnreadable, Page
from infrastructure.postgres_connection import BoundedConnection, DatabaseURLInvalid, connect, conninfo

_LOCK_TIMEOUT_S = 5.0
_PAGE_WITHIN_S = 30.0
# Text as bytes, and the id as the digits that the other store keeps: a row is the same from both.
_EVENTS: LiteralString = """
SELECT
    position,
    convert_to(replace(originator_id::text, '-', ''), 'UTF8'),
    originator_version,
    convert_to(topic, 'UTF8'),
    state,
    (originator_id IS NOT NULL AND originator_version IS NOT NULL AND topic IS NOT NULL AND state IS NOT NULL)
FROM ml_events.stored_events ORDER BY position
"""
_LINKS: LiteralString = "SELECT position, hash, hash IS NOT NULL FROM ml_events.chain ORDER BY position"
_NO_ROWS: LiteralString = "SELECT NULL::bigint WHERE false"
_LINK: LiteralString = "SELECT hash FROM ml_events.chain WHERE position = %s"
_HEAD: LiteralString = "SELECT position, hash FROM ml_events.chain ORDER BY position DESC LIMIT 1"


class PostgresLog:
    """The log in a PostgreSQL database, for reading only.

    Args:
        url: As libpq takes it (`postgresql://…`).
    """

    def __init__(self, url: str) -> None:
        self._url = url

    @contextmanager
    def snapshot(self) -> Iterator["PostgresSnapshot"]:
        """Give the log as it is now.

        Raises:
            LogMissing: The database holds no log.
            LogUnreachable: The server is not there, or others lock the log for too long.
        """
        with reachable(), self._connected() as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            limit_waiting(connection)
            snapshot = PostgresSnapshot(connection)
            if not snapshot.is_there():
                msg = "there is no log in the database"
                raise LogMissing(msg)
            yield snapshot

    def _connected(self) -> BoundedConnection:
        return connect(conninfo(self._url), autocommit=False, answers_within_s=_PAGE_WITHIN_S)


class PostgresSnapshot:
    """The log in one reading transaction."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    def is_there(self) -> bool:
        """Tell whether there is anything of a log."""
        return self._has("stored_events") or self._has("chain")

    def head(self) -> Head:
        """Return the newest link of the chain, unchecked."""
        row = self._connection.execute(_HEAD).fetchone() if self._has("chain") else None
        return Head() if row is None or row[1] is None else Head(position=row[0], hash=row[1])

    def hash_at(self, position: int) -> bytes | None:
        """Return the hash of a position, unchecked; None where there is none."""
        row = self._connection.execute(_LINK, (position,)).fetchone() if self._has("chain") else None
        return None if row is None else row[0]

    def index_check(self) -> None:
        """Return None: what compares an index with its table is an extension, and not ours to install."""

    def last_issued(self) -> int:
        """Return 0: this store remembers no position but those that are there."""
        return 0

    def pages(self) -> Iterator[Page]:
        """Yield all rows in position order.

        Raises:
            LogUnreadable: The database is damaged somewhere in the page that would come next.
        """
        try:
            yield from self._pages()
        except (psycopg.errors.DataCorrupted, psycopg.errors.IndexCorrupted) as error:
            raise LogUnreadable(str(error)) from None

    def _pages(self) -> Iterator[Page]:
        with self._cursor("events") as events, self._cursor("links") as links:
            events.execute(_EVENTS if self._has("stored_events") else _NO_ROWS, binary=True)
            links.execute(_LINKS if self._has("chain") else _NO_ROWS, binary=True)
            while True:
                page = (events.fetchmany(PAGE_ROWS), links.fetchmany(PAGE_ROWS))
                if not any(page):
                    return
                yield page

    def _cursor(self, name: str) -> ServerCursor[Any]:
        return self._connection.cursor(name)

    def _has(self, table: str) -> bool:
        found = self._connection.execute("SELECT to_regclass(%s) IS NOT NULL", (f"ml_events.{table}",))
        (is_there,) = found.fetchone() or (False,)
        return bool(is_there)


def limit_waiting(connection: Connection[Any]) -> None:
    """Have every statement of the connection fail that would wait long for what others have locked."""
    connection.execute(sql.SQL("SET lock_timeout = {}").format(int(_LOCK_TIMEOUT_S * 1000)))


@contextmanager
def reachable() -> Iterator[None]:
    """Raise `LogUnreachable` for the driver's errors, and for a URL that is none."""
    try:
        yield
    except DatabaseURLInvalid as error:
        raise LogUnreachable(str(error)) from None
    except psycopg.errors.LockNotAvailable as error:
        msg = f"the log cannot be read or written: somebody else has locked it for more than {_LOCK_TIMEOUT_S:g} s"
        raise LogUnreachable(msg) from error
    except psycopg.Error as error:
        msg = f"the database cannot be used: {' '.join(str(error).split()) or type(error).__name__}"
        raise LogUnreachable(msg) from error
