"""How long a question may take."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from application.ports.read_models import ReadTooLong

_STEPS_BETWEEN_LOOKS = 20_000
"""After so many instructions SQLite looks at the time: about every millisecond."""


@contextmanager
def limited(connection: Connection, *, seconds: float) -> Iterator[None]:
    """Let what is read inside end after so many seconds.

    SQLite counts from here on. PostgreSQL counts for each statement, as its session was told when it began;
    of the statements inside few can take long, as the others are cut off after some rows.

    Raises:
        ReadTooLong: It took longer.
    """
    driver: Any = connection.connection.driver_connection
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        deadline = time.monotonic() + seconds
        driver.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
    try:
        yield
    except DBAPIError as error:
        if not _is_interrupted(error.orig):
            raise
        msg = f"a question to the read models took longer than {seconds:g} s"
        raise ReadTooLong(msg) from error
    finally:
        if is_sqlite:
            driver.set_progress_handler(None, 0)


def _is_interrupted(error: BaseException | None) -> bool:
    if isinstance(error, sqlite3.Error):
        return error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT
    return isinstance(error, psycopg.errors.QueryCanceled)
