"""An event log in memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from threading import Condition

from application.ports.event_log import PAGE_EVENTS, Recorded
from domain.kernel import DomainEvent


class InMemoryEventLog:
    """Events in a list; positions count from 1.

    Attributes:
        followed: How often somebody began to follow it.
    """

    def __init__(self) -> None:
        self.followed = 0
        self._events: list[Recorded] = []
        self._changed = Condition()

    def append(self, *events: DomainEvent) -> int:
        """Add the events and return the position of the last one."""
        with self._changed:
            for event in events:
                self._events.append(Recorded(position=len(self._events) + 1, event=event))
            self._changed.notify_all()
            return len(self._events)

    def head(self) -> int:
        """Return the position of the newest event; 0 when there is none."""
        return len(self._events)

    def read(self, *, after: int, limit: int) -> Sequence[Recorded]:
        """Return the next events after the position, at most `limit`."""
        return tuple(self._events[after : after + limit])

    def hash_at(self, position: int) -> bytes | None:
        """Return what tells the events up to the position from all others; None where there is none."""
        if not 0 < position <= len(self._events):
            return None
        ids = (each.event.event_id.bytes for each in self._events[:position])
        return sha256(b"".join(ids)).digest()

    @contextmanager
    def follow(self, *, after: int, page_events: int = PAGE_EVENTS) -> Iterator["InMemoryFollowing"]:
        """Follow the log from the position on."""
        following = InMemoryFollowing(self._events, self._changed, after, page_events)
        with self._changed:
            self.followed += 1
        try:
            yield following
        finally:
            following.stop()


class InMemoryFollowing:
    """All events that are there; then those that come."""

    def __init__(self, events: list[Recorded], changed: Condition, after: int, page_events: int) -> None:
        self._events = events
        self._changed = changed
        self._after = after
        self._page_events = page_events
        self._is_stopped = False

    def __iter__(self) -> Iterator[Sequence[Recorded]]:
        """Yield non-empty pages in position order, waiting for new events, until stopped."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_stopped or len(self._events) > self._after)
                if self._is_stopped:
                    return
                page = tuple(self._events[self._after : self._after + self._page_events])
                self._after += len(page)
            yield page

    def wake(self) -> None:
        """Look for new events now, which are there as soon as they are appended."""

    def stop(self) -> None:
        """End the iteration, from any thread."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
