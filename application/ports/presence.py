"""Signs of life of processes that work beside this one."""

from collections.abc import Mapping
from typing import Protocol


class Presence(Protocol):
    """A counter for each process, outside the event store. It says nothing of time: who watches a counter
    judges by its own monotonic clock how long it has stood still."""

    def sign(self, name: str) -> None:
        """Count one more sign of life of this process."""

    def signs(self) -> Mapping[str, int]:
        """Return process → counter, for all that are not forgotten."""

    def forget(self, name: str, *, counter: int | None = None) -> None:
        """Forget the process; where a counter is given, only if it still stands there."""
