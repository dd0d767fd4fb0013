"""Work that blocks, done while others go on: so much at a time, and for whom there is no room soon, none."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

from interfaces.http.problems import ServiceBusy

TURN_WITHIN_S = 10.0
"""So long a request waits for others: as long as the longest question to the read models may take."""

Result = TypeVar("Result")


class Threads:
    """A number of threads, and those who wait for one.

    Args:
        count: How many there are.
        turn_within_s: How long one waits for one.
    """

    def __init__(self, count: int, *, turn_within_s: float = TURN_WITHIN_S) -> None:
        self._turns = asyncio.Semaphore(count)
        self._limiter = anyio.CapacityLimiter(count)  # never short: there is a turn for each that asks it
        self._turn_within_s = turn_within_s

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return what the work returns, which may block.

        Raises:
            ServiceBusy: No thread was free in the time; nothing was done.
        """
        try:
            async with asyncio.timeout(self._turn_within_s):
                await self._turns.acquire()
        except TimeoutError:
            raise ServiceBusy from None
        try:
            return await anyio.to_thread.run_sync(work, limiter=self._limiter)
        finally:
            self._turns.release()
