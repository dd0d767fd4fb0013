"""The log in a SQLite file, read as it is at one moment, also while a service writes to it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from infrastructure.event_store.log_rows import PAGE_ROWS, Head, LogMissing, LogUnreachable, LogUnreadable, Page
from infrastructure.event_store.sqlite_damage import is_damage
from infrastructure.event_store.sqlite_index import SQLiteIndexCheck

_LOCK_TIMEOUT_S = 5.0
# CAST: as text, bytes that are none would be an error of the whole statement; typeof tells what they were.
_EVENTS = """
SELECT
    rowid,
    CAST(originator_id AS BLOB),
    CAST(originator_version AS INTEGER),
    CAST(topic AS BLOB),
    CAST(state AS BLOB),
    typeof(originator_id) = 'text' AND typeof(originator_version) = 'integer'
        AND typeof(topic) = 'text' AND typeof(state) = 'blob'
FROM stored_events WHERE rowid > ? ORDER BY rowid
"""
_LINKS = """
SELECT position, CAST(hash AS BLOB), typeof(hash) = 'blob' FROM chain WHERE position > ? ORDER BY position
"""
_BEFORE_ALL = -(2**63)


class SQLiteLog:
    """The log in a SQLite file, for reading only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def snapshot(self) -> Iterator["SQLiteSnapshot"]:
        """Give the log as it is now.

        Raises:
            LogMissing: There is no such file.
            LogUnreachable: It cannot be read.
        """
        if not self._path.is_file():
            msg = f"there is no log at {self._path}"
            raise LogMissing(msg)
        with _told(), closing(self._connect()) as connection:
            connection.execute("BEGIN")
            yield SQLiteSnapshot(connection)

    def _connect(self) -> sqlite3.Connection:
        try:
            return self._opened("mode=ro")
        except sqlite3.OperationalError:
            # in a directory that may not be written, SQLite cannot make the shared memory of its write-ahead
            # log; it needs none where nobody has left anything in such a log
            ahead = self._path.with_name(f"{self._path.name}-wal")
            if ahead.exists() and ahead.stat().st_size:
                raise
            return self._opened("mode=ro&immutable=1")

    def _opened(self, mode: str) -> sqlite3.Connection:
        uri = f"{self._path.absolute().as_uri()}?{mode}"
        connection = sqlite3.connect(
            uri, uri=True, timeout=_LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                connection.close()
                raise
        return connection


class SQLiteSnapshot:
    """The log in one reading transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def head(self) -> Head:
        """Return the newest link of the chain, unchecked."""
        row = self._one("chain", "SELECT position, CAST(hash AS BLOB) FROM chain ORDER BY position DESC LIMIT 1")
        return Head() if row is None or not isinstance(row[1], bytes) else Head(position=row[0], hash=row[1])

    def hash_at(self, position: int) -> bytes | None:
        """Return the hash of a position, unchecked; None where there is none that can be read."""
        row = self._one("chain", "SELECT CAST(hash AS BLOB) FROM chain WHERE position = ?", position)
        return row[0] if row is not None and isinstance(row[0], bytes) else None

    def index_check(self) -> SQLiteIndexCheck:
        """Return what holds the index of streams and versions against the rows."""
        return SQLiteIndexCheck(self._connection)

    def last_issued(self) -> int:
        """Return the last position that SQLite has given, which outlives the row."""
        row = self._one("sqlite_sequence", "SELECT max(seq) FROM sqlite_sequence WHERE name = 'stored_events'")
        return row[0] if row is not None and isinstance(row[0], int) else 0

    def pages(self) -> Iterator[Page]:
        """Yield all rows in position order.

        Raises:
            LogUnreadable: The file is damaged at what would come next.
        """
        after = _BEFORE_ALL
        try:
            for events, links in self._pages_of(PAGE_ROWS, after=after):
                yield events, links
                after = max(after, *(row[0] for rows in (events, links) for row in rows[-1:]))
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
        else:
            return
        try:
            yield from self._pages_of(1, after=after)  # to get as close to the damage as it goes
        except sqlite3.DatabaseError as error:
            raise LogUnreadable(str(error)) from None

    def _pages_of(self, rows: int, *, after: int) -> Iterator[Page]:
        events, links = self._rows("stored_events", _EVENTS, after), self._rows("chain", _LINKS, after)
        while True:
            page = (events.fetchmany(rows), links.fetchmany(rows))
            if not any(page):
                return
            yield page

    def _rows(self, table: str, statement: str, after: int) -> sqlite3.Cursor:
        if not self._has(table):
            return self._connection.execute("SELECT NULL WHERE 0")
        return self._connection.execute(statement, (after,))

    def _one(self, table: str, statement: str, *parameters: int) -> Any:
        try:
            return self._connection.execute(statement, parameters).fetchone() if self._has(table) else None
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            return None

    def _has(self, table: str) -> bool:
        found = self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,))
        return found.fetchone() is not None


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        msg = f"the log cannot be read: {error}"
        raise LogUnreachable(msg) from error
