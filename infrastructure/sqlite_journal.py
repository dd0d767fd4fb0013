"""How a SQLite file gets its write-ahead log."""

import sqlite3
from time import monotonic, sleep

_RETRY_S = 0.01


def write_ahead(connection: sqlite3.Connection, *, timeout_s: float) -> None:
    """Let the file be written ahead, so that its readers never wait for its writer.

    SQLite does not wait for the lock that a change of journal mode needs, so processes that open a new
    file together would fail at random.

    Args:
        connection: Not in a transaction.
        timeout_s: How long to wait for others.

    Raises:
        sqlite3.OperationalError: Others held the lock for so long, or the file cannot be written.
    """
    deadline = monotonic() + timeout_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                raise
            sleep(_RETRY_S)
        else:
            return
