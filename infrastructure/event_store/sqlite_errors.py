"""SQLite's errors in the words of the event-sourcing library."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from eventsourcing.persistence import IntegrityError, InternalError

from infrastructure.event_store.database_errors import meaning_of


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise the library's error for SQLite's.

    Raises:
        IntegrityError: The stream has an event of that version already. Nothing else is one.
        OperationalError: The disk is full, the database is locked, the file cannot be opened or written.
        PersistenceError: Of another subclass, whatever else SQLite finds wrong.
    """
    try:
        yield
    except sqlite3.IntegrityError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_UNIQUE:
            raise IntegrityError(error) from error
        raise InternalError(error) from error
    except sqlite3.Error as error:
        raise meaning_of(error)(error) from error
