"""Work in lanes: what is in one lane is done in its order, and the lanes go on side by side."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Work = Callable[[], Awaitable[None]]


class Lanes:
    """As many lanes as there is work for; what work raises ends them all.

    Args:
        tasks: In which they are worked on.
    """

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._lanes: dict[str, deque[Work]] = {}

    def put(self, lane: str, work: Work) -> None:
        """Have it done after all that was put into the lane before."""
        waiting = self._lanes.get(lane)
        if waiting is not None:
            waiting.append(work)
            return
        self._lanes[lane] = deque([work])
        self._tasks.create_task(self._work_on(lane))

    async def _work_on(self, lane: str) -> None:
        waiting = self._lanes[lane]
        while waiting:
            await waiting[0]()
            waiting.popleft()
        del self._lanes[lane]


class Turns:
    """Lets so many go on at once, or one alone.

    Args:
        at_once: How many.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._places = asyncio.Semaphore(at_once)
        self._gate = asyncio.Lock()

    @asynccontextmanager
    async def turn(self, *, alone: bool = False) -> AsyncIterator[None]:
        """Wait for a turn, which ends with the block; nobody else has one meanwhile if it is to be alone."""
        wanted, taken = self._at_once if alone else 1, 0
        try:
            async with self._gate:  # who waits to be alone lets nobody past
                while taken < wanted:
                    await self._places.acquire()
                    taken += 1
            yield
        finally:
            for _ in range(taken):
                self._places.release()
