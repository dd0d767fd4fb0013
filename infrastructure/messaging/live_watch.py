"""The news of one job on their way from the threads that bring them to the event loop of their reader."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from threading import Lock

from application.integration.iterations import TrainingJobIteratedData
from application.ports.live import News

KEPT_MAX = 4_000
"""So many iterations wait for a reader who is slow; the oldest make room for what comes then."""


class QueuedWatch:
    """What is new of a job for one reader, on whose event loop it is made. News may come from any thread.

    Args:
        caught_up: Returns when everything has come that was told before.
    """

    def __init__(self, *, caught_up: Callable[[], Awaitable[None]]) -> None:
        self._caught_up = caught_up
        self._loop = asyncio.get_running_loop()
        self._there_is_news = asyncio.Event()
        self._guard = Lock()
        self._iterations: deque[TrainingJobIteratedData] = deque(maxlen=KEPT_MAX)
        self._is_in_log = False
        self._is_waking = False

    def offer(self, iteration: TrainingJobIteratedData) -> None:
        """Keep an iteration for the reader."""
        with self._guard:
            self._iterations.append(iteration)
            self._wake()

    def log_moved(self) -> None:
        """Let the reader look at the log."""
        with self._guard:
            self._is_in_log = True
            self._wake()

    async def news(self, timeout_s: float) -> News:
        """Wait for news, and return them; after the time the log is worth a look, even without a sign."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._there_is_news.wait()
        except TimeoutError:
            return News(is_in_log=True)
        return self._taken()

    async def last_iterations(self) -> Sequence[TrainingJobIteratedData]:
        """Return the iterations that were told before this call, as far as they were not returned yet."""
        await self._caught_up()
        return self._taken().iterations

    def _taken(self) -> News:
        with self._guard:
            news = News(iterations=tuple(self._iterations), is_in_log=self._is_in_log)
            self._iterations.clear()
            self._is_in_log = self._is_waking = False
            self._there_is_news.clear()
        return news

    def _wake(self) -> None:
        if not self._is_waking:  # once for all that comes until the reader looks
            self._is_waking = True
            with suppress(RuntimeError):  # the reader's loop was closed under it
                self._loop.call_soon_threadsafe(self._there_is_news.set)
