"""How fast what can wait works: as fast as it can, or a little at a time while somebody waits for an answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable

TURN_S = 0.005
"""So much of the processor's time is used at a stretch."""

TURN_LASTS_S = 0.02
"""So long a turn lasts where less is used, on the clock."""

CYCLE_S = 0.05
"""At least so long lies between the beginnings of two turns while others are busy: what came meanwhile is done
together, which costs less."""

SHARE = 0.1
"""Of one processor's time: no more is used while others are busy."""

_LEAST_REST_S = 0.0001


class Pace:
    """Divides the work of a thread's coroutines into turns, with rests between them while others are busy.

    What counts is the processor's time that the thread has used, whichever of its coroutines did: all of them
    together keep to their share. A turn that is due begins at once, so that a single event is told of without
    delay.

    Args:
        is_busy: Whether others want the processor.
        used_s: Returns for how long the calling thread has used a processor.
        now_s: A clock that never steps.
        sleep: Suspends for so many seconds.
    """

    def __init__(
        self,
        is_busy: Callable[[], bool] = lambda: False,
        *,
        used_s: Callable[[], float] = time.thread_time,
        now_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._is_busy = is_busy
        self._used_s = used_s
        self._now_s = now_s
        self._sleep = sleep
        self._began_s: float | None = None
        self._used_at_begin_s = 0.0

    async def keep(self) -> None:
        """Return at once while the turn lasts; else let others run, and rest if they are busy.

        To be called before every small piece of work, on the thread that does it.
        """
        has_yielded = False
        while (rest_s := self._due_in_s()) is not None:
            if rest_s < _LEAST_REST_S or not self._is_busy():
                if has_yielded:
                    self._begin()
                    return
                rest_s = 0.0
            await self._sleep(min(rest_s, CYCLE_S))  # then look again whether others are still busy
            has_yielded = True

    def _begin(self) -> None:
        self._began_s, self._used_at_begin_s = self._now_s(), self._used_s()

    def _due_in_s(self) -> float | None:
        """Return in how many seconds the next turn is due; None while one lasts."""
        if self._began_s is None:
            return 0.0
        passed_s, used_s = self._now_s() - self._began_s, self._used_s() - self._used_at_begin_s
        if passed_s < TURN_LASTS_S and used_s < TURN_S:
            return None
        return max(CYCLE_S, used_s / SHARE) - passed_s
