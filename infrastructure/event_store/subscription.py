"""Events of the SQLite event store as they are appended, by this process or another."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from sqlite3 import Connection

from eventsourcing.persistence import ListenNotifySubscription, Notification, ShutDown
from eventsourcing.sqlite import SQLiteApplicationRecorder

POLL_S = 0.05
"""How often to look for commits of other processes."""


class SQLiteSubscription(ListenNotifySubscription[SQLiteApplicationRecorder]):
    """Every event after a position, in order, each once.

    Read it either event by event (iterate over it) or page by page (`pages`), not both. Its thread
    starts at once and ends with `stop`, at the end of its `with` block, or when its recorder is closed.

    Args:
        recorder: Where the events are.
        connect: Makes the connection that watches for commits of others.
        on_end: Called by its thread as the last thing.
        gt: The position after which to begin; None for the beginning.
        topics: Of these only; empty for all.
    """

    def __init__(
        self,
        *,
        recorder: SQLiteApplicationRecorder,
        connect: Callable[[], Connection],
        on_end: Callable[["SQLiteSubscription"], None],
        gt: int | None = None,
        topics: Sequence[str] = (),
    ) -> None:
        self._connect = connect
        self._on_end = on_end
        super().__init__(recorder=recorder, gt=gt, topics=topics)

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
            with closing(self._connect()) as watch:
                # Read before the first pull: what is committed after it shows as a change.
                seen = _data_version(watch)
                self._pull()
                while not self._has_been_stopped:
                    was_woken = self._has_been_notified.wait(POLL_S)
                    current = _data_version(watch)
                    if was_woken or current != seen:
                        seen = current
                        self._pull()
        except BaseException as error:
            self._thread_error = error  # raised again where the events are read
            self.stop()
        finally:
            self._on_end(self)


def _data_version(connection: Connection) -> int:
    """Return SQLite's number that changes with each commit of another connection."""
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version
