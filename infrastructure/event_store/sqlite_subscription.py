"""Events of the SQLite event store as they are appended, by this process or another."""

from collections.abc import Callable
from contextlib import closing
from sqlite3 import Connection
from typing import Any

from infrastructure.event_store.subscription import EventSubscription

POLL_S = 0.02
"""How often to look for commits of other processes, which takes some 15 µs. What one process commits, another
applies and a third serves within 100 ms."""


class SQLiteSubscription(EventSubscription):
    """Wakes with each append of this process, and soon after one of another.

    Args:
        connect: Makes the connection that watches for commits of others.
        subscription: What every subscription is given.
    """

    def __init__(self, *, connect: Callable[[], Connection], **subscription: Any) -> None:
        self._connect = connect
        super().__init__(**subscription)

    def _watch(self) -> None:
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


def _data_version(connection: Connection) -> int:
    """Return SQLite's number that changes with each commit of another connection."""
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version
