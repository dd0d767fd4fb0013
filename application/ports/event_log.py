"""The log as its readers see it: every event, in position order."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from domain.kernel import DomainEvent, Immutable

PAGE_EVENTS = 500
"""At most so many make a page, where nothing else is asked for."""


class Recorded(Immutable):
    """An event and its place in the global order."""

    position: int
    event: DomainEvent


class Following(Protocol):
    """Pages of the log as they come to be."""

    def __iter__(self) -> Iterator[Sequence[Recorded]]:
        """Yield non-empty pages in position order, waiting for new events, until stopped."""

    def wake(self) -> None:
        """Look for new events now, from any thread: for who has heard of one."""

    def stop(self) -> None:
        """End the iteration, from any thread."""


class EventLog(Protocol):
    """Every event there is. An event of a topic unknown to this program comes as an `UnknownEvent`."""

    def head(self) -> int:
        """Return the position of the newest event; 0 when there is none."""

    def read(self, *, after: int, limit: int) -> Sequence[Recorded]:
        """Return the next events after the position, at most `limit`."""

    def follow(self, *, after: int, page_events: int = PAGE_EVENTS) -> AbstractContextManager[Following]:
        """Follow the log from the position on, across processes; at most so many events make a page."""
