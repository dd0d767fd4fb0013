"""Work in the background that a test does, or lets be done at once."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


class FakeBackground:
    """Does at once what is to be done soon, unless it holds it back; everything else when it is told to.

    Attributes:
        holds_back: Whether what is to be done soon waits for `do_next`.
        soon_tasks, spare_tasks: What waits.
        later_tasks: What is to be done later, with the seconds until then.
    """

    def __init__(self) -> None:
        self.holds_back = False
        self.soon_tasks: list[Callable[[], None]] = []
        self.spare_tasks: list[Callable[[], None]] = []
        self.later_tasks: list[tuple[float, Callable[[], None]]] = []

    def soon(self, task: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()

        def do() -> None:
            try:
                future.set_result(task())
            except Exception as error:
                future.set_exception(error)

        if self.holds_back:
            self.soon_tasks.append(do)
        else:
            do()
        return future

    def in_spare_time(self, task: Callable[[], None]) -> None:
        self.spare_tasks.append(task)

    def later(self, task: Callable[[], None], *, after_s: float) -> None:
        self.later_tasks.append((after_s, task))

    def do_next(self) -> None:
        """Do what waits longest of what is to be done soon."""
        self.soon_tasks.pop(0)()

    def spend_spare_time(self) -> None:
        """Do all that may be done in spare time, and what follows from it."""
        while self.spare_tasks:
            self.spare_tasks.pop(0)()

    def let_time_pass(self) -> float:
        """Do what was to be done later, and return after how many seconds that was."""
        after_s, task = self.later_tasks.pop(0)
        task()
        return after_s
