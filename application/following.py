"""Following the log: its pages as they come to be."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from eventsourcing.persistence import Notification

from application.ports.event_log import Recorded


class Follower:
    """Pages of the log as they come to be."""

    def __init__(
        self,
        subscription: Any,
        recorded: Callable[[Iterable[Notification]], list[Recorded]],
        *,
        page_events: int,
    ) -> None:
        self._subscription = subscription
        self._recorded = recorded
        self._page_events = page_events

    def __iter__(self) -> Iterator[Sequence[Recorded]]:
        """Yield non-empty pages in position order, waiting for new events, until stopped."""
        for page in self._subscription.pages():
            for start in range(0, len(page), self._page_events):
                yield self._recorded(page[start : start + self._page_events])

    def wake(self) -> None:
        """Look for new events now, from any thread."""
        self._subscription.wake()

    def stop(self) -> None:
        """End the iteration, from any thread."""
        self._subscription.stop()
