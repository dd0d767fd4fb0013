"""A few writers at a time in this process, in the order of arrival."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from eventsourcing.persistence import OperationalError


class WriterQueue:
    """Threads that want to write stand in line.

    SQLite has no line: a connection that finds the database locked sleeps and tries again, so under load
    one thread is served many times while another waits. Between processes that remains so. PostgreSQL has
    one, but a thread in it occupies a connection that others could read with.

    Args:
        timeout_s: After so long in the line a thread gives up.
        writers: So many have their turn at the same time.
    """

    def __init__(self, *, timeout_s: float, writers: int = 1) -> None:
        self._timeout_s = timeout_s
        self._guard = Lock()
        self._free = writers
        self._line: deque[Lock] = deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for this thread's turn, and hold it.

        Raises:
            OperationalError: It did not come within the time allowed.
        """
        self._take()
        try:
            yield
        finally:
            self._pass_on()

    def _take(self) -> None:
        with self._guard:
            if self._free:
                self._free -= 1
                return
            called = Lock()
            called.acquire()
            self._line.append(called)
        if called.acquire(timeout=self._timeout_s):
            return
        with self._guard:
            if called not in self._line:  # called in the very moment of giving up: the turn is ours
                return
            self._line.remove(called)
        msg = f"other threads kept the event store busy for {self._timeout_s} s"
        raise OperationalError(msg)

    def _pass_on(self) -> None:
        with self._guard:
            if self._line:
                self._line.popleft().release()
            else:
                self._free += 1
