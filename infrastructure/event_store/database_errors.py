"""SQLite's errors in the words of the event-sourcing library."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from eventsourcing.persistence import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    PersistenceError,
    ProgrammingError,
)

_MEANINGS: tuple[tuple[type[sqlite3.Error], type[PersistenceError]], ...] = (
    (sqlite3.OperationalError, OperationalError),
    (sqlite3.IntegrityError, InternalError),
    (sqlite3.DataError, DataError),
    (sqlite3.InternalError, InternalError),
    (sqlite3.NotSupportedError, NotSupportedError),
    (sqlite3.ProgrammingError, ProgrammingError),
    (sqlite3.InterfaceError, InterfaceError),
    (sqlite3.DatabaseError, DatabaseError),
    (sqlite3.Error, PersistenceError),
)


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
        meaning = next(meaning for kind, meaning in _MEANINGS if isinstance(error, kind))
        raise meaning(error) from error
