"""Threads that long work takes turns on, so that short work never waits for its end."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import TypeVar

from interfaces.requests.problems import Overloaded, ServiceStopping

TURN_S = 0.03
ADMITTED_MAX = 1_000
_LOADING_THREADS = 4

Result = TypeVar("Result")
UntilLeft = Callable[[], Awaitable[None]]
"""Returns when the sender has gone away."""


class SenderLeft(Exception):
    """The sender went away before its answer: there is nobody to answer."""


class InferenceThreads:
    """Loading, predicting and explaining have threads of their own: each holds up its own kind only.

    Args:
        count: For predictions that are too long for the event loop; as many more for explanations.
        admitted_max: So many requests may be worked on or wait for it; further ones are refused.
    """

    def __init__(self, *, count: int | None = None, admitted_max: int = ADMITTED_MAX) -> None:
        workers = count or os.cpu_count() or 1
        self.loading: Executor = ThreadPoolExecutor(_LOADING_THREADS, thread_name_prefix="loading")
        self.predicting: Executor = ThreadPoolExecutor(workers, thread_name_prefix="predicting")
        self.explaining: Executor = ThreadPoolExecutor(workers, thread_name_prefix="explaining")
        self._is_closed = False
        self._admitted = 0
        self._admitted_max = admitted_max

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Count as one of the requests that use the threads, for as long as the block lasts.

        Raises:
            Overloaded: There are so many that this one is better asked again.
        """
        if self._admitted >= self._admitted_max:
            message = f"{self._admitted} predictions that take long are waiting already: ask again."
            raise Overloaded(message)
        self._admitted += 1
        try:
            yield
        finally:
            self._admitted -= 1

    def close(self) -> None:
        """Give up what has not begun, and what has begun after its turn."""
        self._is_closed = True
        for threads in (self.loading, self.predicting, self.explaining):
            threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, threads: Executor, function: Callable[[], Result]) -> Result:
        """Return what a function returns.

        Raises:
            ServiceStopping: The threads are closed.
        """
        if self._is_closed:
            raise ServiceStopping
        return await asyncio.get_running_loop().run_in_executor(threads, function)

    async def run_in_turns(
        self, threads: Executor, steps: Iterator[Result | None], *, until_left: UntilLeft | None
    ) -> Result:
        """Return the first result among the steps; after each turn, others have theirs.

        Args:
            threads: Where the steps run, those of one turn on one thread.
            steps: Each much shorter than a turn; None as long as there is no result.
            until_left: Ends the work; None where nobody can tell.

        Raises:
            SenderLeft: The sender went away.
            ServiceStopping: The threads are closed.
        """
        turn = partial(_turn, steps)
        result = await self.run(threads, turn)
        if result is not None:
            return result
        leaving = None if until_left is None else asyncio.ensure_future(until_left())
        try:
            while result is None:
                if leaving is not None and leaving.done():
                    raise SenderLeft
                result = await self.run(threads, turn)
        finally:
            if leaving is not None:
                leaving.cancel()
        return result


def _turn(steps: Iterator[Result | None]) -> Result | None:
    ends = perf_counter() + TURN_S
    while (result := next(steps)) is None and perf_counter() < ends:
        pass
    return result
