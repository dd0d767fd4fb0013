"""Work that goes on beside whoever asks for it."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

Result = TypeVar("Result")


class Background(Protocol):
    """Does tasks in threads of its own. What a task raises without a future is logged, and ends nothing else."""

    def soon(self, task: Callable[[], Result]) -> Future[Result]:
        """Do the task as soon as a thread is free for it; its future is cancelled where the end comes first."""

    def in_spare_time(self, task: Callable[[], None]) -> None:
        """Do the task some time, after those of this kind that were given before, and in nobody's way."""

    def later(self, task: Callable[[], None], *, after_s: float) -> None:
        """Do the task soon, but not before so many seconds have passed."""
