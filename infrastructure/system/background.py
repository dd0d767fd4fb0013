"""Threads for work that nobody has to wait for."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock, Timer
from types import TracebackType
from typing import Self, TypeVar

_log = logging.getLogger(__name__)

Result = TypeVar("Result")


class BackgroundThreads:
    """A few threads for what is to be done soon, and one for what has time; all end with the block.

    Args:
        name: What the threads are called by.
        threads: How many there are for what is to be done soon.
    """

    def __init__(self, *, name: str, threads: int) -> None:
        self._soon = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._spare = ThreadPoolExecutor(1, thread_name_prefix=f"{name}-ahead")
        self._timers: set[Timer] = set()
        self._is_closed = False
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up what has not begun, and wait for the end of what has."""
        with self._lock:
            self._is_closed = True
            for timer in self._timers:
                timer.cancel()
        for threads in (self._soon, self._spare):
            threads.shutdown(wait=True, cancel_futures=True)

    def soon(self, task: Callable[[], Result]) -> Future[Result]:
        """Do the task as soon as a thread is free for it; its future is cancelled where the end comes first."""
        return self._submitted(self._soon, task)

    def in_spare_time(self, task: Callable[[], None]) -> None:
        """Do the task some time, after those of this kind that were given before, and in nobody's way."""
        self._submitted(self._spare, lambda: _logged(task))

    def later(self, task: Callable[[], None], *, after_s: float) -> None:
        """Do the task soon, but not before so many seconds have passed."""

        def due() -> None:
            with self._lock:
                self._timers.discard(timer)
            self._submitted(self._soon, lambda: _logged(task))

        timer = Timer(after_s, due)
        timer.daemon = True
        with self._lock:
            if not self._is_closed:
                self._timers.add(timer)
                timer.start()

    def _submitted(self, threads: ThreadPoolExecutor, task: Callable[[], Result]) -> Future[Result]:
        with self._lock:
            if not self._is_closed:
                return threads.submit(task)
        given_up = Future[Result]()
        given_up.cancel()
        given_up.set_running_or_notify_cancel()
        return given_up


def _logged(task: Callable[[], None]) -> None:
    try:
        task()
    except Exception:
        _log.exception("A task in the background failed.")
