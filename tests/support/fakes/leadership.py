"""A lease between processes that are none."""

from threading import Lock


class InMemoryLease:
    """What several holders compete for."""

    def __init__(self) -> None:
        self.holder: object | None = None
        self.lock = Lock()


class InMemoryLeadership:
    """One of those who compete for a lease."""

    def __init__(self, lease: InMemoryLease) -> None:
        self._lease = lease
        self._is_closed = False

    def is_held(self) -> bool:
        """Return whether this one leads; when nobody does, it does from now on."""
        with self._lease.lock:
            if self._lease.holder is None and not self._is_closed:
                self._lease.holder = self
            return self._lease.holder is self

    def close(self) -> None:
        """Let go of the lease for good."""
        with self._lease.lock:
            self._is_closed = True
            if self._lease.holder is self:
                self._lease.holder = None
