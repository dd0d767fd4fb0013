"""PostgreSQL's errors in the words of the event-sourcing library."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from eventsourcing.persistence import IntegrityError, InternalError, OperationalError
from psycopg import errors

from infrastructure.event_store.database_errors import meaning_of
from infrastructure.event_store.postgres_tables import ONE_EVENT_PER_VERSION

_ENDS_OF_A_SESSION = (
    errors.AdminShutdown,
    errors.CrashShutdown,
    errors.CannotConnectNow,
    errors.IdleSessionTimeout,
    errors.IdleInTransactionSessionTimeout,
    errors.TransactionTimeout,
)


class ConnectionLost(OperationalError):
    """The server, or the way to it, is gone; whether it carried out what it was told last is not known."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise the library's error for PostgreSQL's.

    Raises:
        IntegrityError: The stream has an event of that version already. Nothing else is one.
        OperationalError: The disk is full, others held the lock for too long, the server is gone.
        PersistenceError: Of another subclass, whatever else PostgreSQL finds wrong.
    """
    try:
        yield
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name == ONE_EVENT_PER_VERSION:
            raise IntegrityError(str(error)) from error
        raise InternalError(str(error)) from error
    except psycopg.Error as error:
        raise meaning_of(error)(str(error)) from error


def ends_the_session(error: psycopg.Error) -> bool:
    """Return whether the server says with this error that it hangs up."""
    return isinstance(error, _ENDS_OF_A_SESSION)
