"""Events as they are appended, by this process or another; and who follows them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Any

from eventsourcing.persistence import ApplicationRecorder, ListenNotifySubscription, Notification, ShutDown

_PAGES_AHEAD = 1
"""So many are fetched before they are asked for: what comes later makes one page, and no more is in memory."""


class EventSubscription(ListenNotifySubscription[ApplicationRecorder], ABC):
    """Every event after a position, in order, each once.

    Read it either event by event (iterate over it) or page by page (`pages`), not both. Its thread
    starts at once and ends with `stop`, at the end of its `with` block, or when its recorder is closed.

    Args:
        recorder: Where the events are.
        on_end: Called by its thread as the last thing.
        gt: The position after which to begin; None for the beginning.
        topics: Of these only; empty for all.
    """

    def __init__(
        self,
        *,
        recorder: ApplicationRecorder,
        on_end: Callable[["EventSubscription"], None],
        gt: int | None = None,
        topics: Sequence[str] = (),
    ) -> None:
        self._on_end = on_end
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._notifications_queue.maxsize = _PAGES_AHEAD

    def wake(self) -> None:
        """Look for new events now."""
        self._has_been_notified.set()

    def join(self) -> None:
        """Wait until the thread of a stopped subscription has ended."""
        self._pull_thread.join()

    def pages(self) -> Iterator[Sequence[Notification]]:
        """Yield non-empty pages in position order, waiting for new events, until stopped.

        Raises:
            Exception: What stopped the thread that fetches them.
        """
        while not self._has_been_stopped:
            try:
                page = self._notifications_queue.get()
            except ShutDown:
                break
            yield page
        if self._thread_error is not None:
            raise self._thread_error

    def _loop_on_pull(self) -> None:
        try:
            self._watch()
        except BaseException as error:
            self._thread_error = error  # raised again where the events are read
            self.stop()
        finally:
            self._on_end(self)

    @abstractmethod
    def _watch(self) -> None:
        """Pull, and pull again whenever there may be more, until stopped."""


class Followers:
    """The subscriptions of one recorder that have not ended."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._subscriptions: set[EventSubscription] = set()

    def begin(self, follow: Callable[..., EventSubscription], **arguments: Any) -> EventSubscription:
        """Return a new subscription, known here until its thread ends."""
        with self._guard:  # one that ends at once waits here, to be forgotten after it was noted
            subscription = follow(on_end=self._forget, **arguments)
            self._subscriptions.add(subscription)
        return subscription

    def wake(self) -> None:
        """Let all look for new events now."""
        for subscription in self._current():
            subscription.wake()

    def stop(self) -> None:
        """Stop all and wait for their threads."""
        for subscription in self._current():
            subscription.stop()
            subscription.join()

    def _current(self) -> list[EventSubscription]:
        with self._guard:
            return list(self._subscriptions)

    def _forget(self, subscription: EventSubscription) -> None:
        with self._guard:
            self._subscriptions.discard(subscription)
