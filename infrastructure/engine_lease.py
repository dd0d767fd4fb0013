"""The lease of the engine: of several engines of one service, one works, and the others stand by."""

import fcntl
import os
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any

import psycopg

from infrastructure.postgres_connection import connect, conninfo

CHECK_EVERY_S = 1.0
"""So often to see whether the lease still holds, and to try to get one that another process has."""

_ANSWERS_WITHIN_S = 3.0
_ENGINE_LOCK = 0x6D6C_656E_6769

# So that the server, too, notices within seconds that the machine of a holder is gone.
_NOTICE_LOSS = "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3"
_TRY = f"SELECT pg_try_advisory_lock({_ENGINE_LOCK})"


class NeverLeading:
    """Held by nobody: for a process that answers, and follows whoever leads."""

    def is_held(self) -> bool:
        """Return that this process does not lead."""
        return False


class FileLeadership:
    """Held by who has a lock on a file; the operating system lets go of it when the process ends.

    Args:
        path: Of the file, which is made when it is missing; on a disk of this machine.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = Lock()
        self._descriptor: int | None = None
        self._is_closed = False

    def is_held(self) -> bool:
        """Return whether this process leads; when nobody does, this one tries to."""
        with self._guard:
            if self._descriptor is None and not self._is_closed:
                self._descriptor = self._locked()
            return self._descriptor is not None

    def close(self) -> None:
        """Let go of the lease for good."""
        with self._guard:
            self._is_closed = True
            if self._descriptor is not None:
                os.close(self._descriptor)
            self._descriptor = None

    def _locked(self) -> int | None:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # a file put in the place of the locked one would be locked by another process
            if os.path.samestat(os.fstat(descriptor), self._path.stat()):
                return descriptor
        except OSError:
            pass
        os.close(descriptor)
        return None


class PostgresLeadership:
    """Held by who has an advisory lock of the database; the server lets go of it when the connection ends.

    It takes one connection, which must lead to the server itself: behind a pooler that lends connections by
    the transaction a lock belongs to nobody.

    Args:
        url: Of the database, in libpq's form.

    Raises:
        DatabaseURLInvalid: It is of another form.
    """

    def __init__(self, url: str) -> None:
        self._conninfo = conninfo(url)
        self._guard = Lock()
        self._connection: psycopg.Connection[Any] | None = None
        self._is_leading = False
        self._is_closed = False
        self._check_at = monotonic()

    def is_held(self) -> bool:
        """Return whether this process leads; when nobody does, this one tries to, once a second at most."""
        with self._guard:
            if monotonic() >= self._check_at and not self._is_closed:
                self._is_leading = self._checked()
                self._check_at = monotonic() + CHECK_EVERY_S
            return self._is_leading

    def close(self) -> None:
        """Let go of the lease for good."""
        with self._guard:
            self._is_closed = True
            self._is_leading = False
            self._disconnect()

    def _checked(self) -> bool:
        try:
            if self._connection is None:
                self._connection = connect(self._conninfo, answers_within_s=_ANSWERS_WITHIN_S)
                self._connection.execute(_NOTICE_LOSS)
            if self._is_leading:
                self._connection.execute("")  # answered: the session lives, and with it the lock
                return True
            row = self._connection.execute(_TRY).fetchone()
            return row is not None and bool(row[0])
        except psycopg.Error:
            self._disconnect()
            return False

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
