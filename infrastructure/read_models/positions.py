"""Waiting until a position is reached: for threads, and for coroutines at no thread's cost."""

import asyncio
import contextlib
from threading import Condition


class ReachedPosition:
    """A position that only grows for its waiters, and those who wait for it. Safe to use from any thread."""

    def __init__(self) -> None:
        self._position = 0
        self._changed = Condition()
        self._awaited: dict[asyncio.Future[None], tuple[int, asyncio.AbstractEventLoop]] = {}

    @property
    def value(self) -> int:
        """The position."""
        return self._position

    def move_to(self, position: int) -> None:
        """Set the position and wake whoever waits for no more than it."""
        with self._changed:
            self._position = position
            self._changed.notify_all()
            due = {future: loop for future, (awaited, loop) in self._awaited.items() if awaited <= position}
            for future in due:
                del self._awaited[future]
        for future, loop in due.items():
            with contextlib.suppress(RuntimeError):  # the loop was closed under its waiter
                loop.call_soon_threadsafe(_resolve, future)

    def wait_for(self, position: int, timeout_s: float) -> bool:
        """Block until the position is reached; tell whether it was, within the time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._position >= position, timeout_s)

    async def wait_until(self, position: int, timeout_s: float) -> bool:
        """Suspend until the position is reached; tell whether it was, within the time."""
        loop = asyncio.get_running_loop()
        with self._changed:
            if self._position >= position:
                return True
            future = loop.create_future()
            self._awaited[future] = (position, loop)
        try:
            async with asyncio.timeout(timeout_s):
                await future
        except TimeoutError:
            return self._position >= position
        finally:
            with self._changed:
                self._awaited.pop(future, None)
        return True


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
