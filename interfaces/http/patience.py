"""Waits that end, at next to no cost where there is nothing to wait for."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

Result = TypeVar("Result")


class Patience:
    """Waits equally long for whatever is waited for. Belongs to the event loop that uses it.

    `asyncio.timeout` sets a timer for each wait, and takes it back: more work than reading a short body. As all
    waits here may last equally long, the one that began first ends first, and one timer does for all of them.

    Args:
        within_s: How long.
        otherwise: Returns what is raised where that is not enough.
    """

    def __init__(self, *, within_s: float, otherwise: Callable[[], Exception]) -> None:
        self._within_s = within_s
        self._otherwise = otherwise
        self._until: dict[asyncio.Task[Any], float] = {}
        self._given_up: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def wait_for(self, begin: Callable[[], Awaitable[Result]]) -> Result:
        """Return what comes.

        Args:
            begin: Returns what is waited for.

        Raises:
            Exception: What `otherwise` returns, where it has not come in the time.
        """
        task = asyncio.current_task()
        assert task is not None, "only tasks wait"
        loop = asyncio.get_running_loop()
        self._until[task] = loop.time() + self._within_s
        if self._timer is None:
            self._timer = loop.call_later(self._within_s, self._look)
        try:
            return await begin()
        except asyncio.CancelledError:
            if task not in self._given_up or task.uncancel() > 0:  # somebody else wants it to end
                raise
            raise self._otherwise() from None
        finally:
            del self._until[task]
            self._given_up.discard(task)

    def _look(self) -> None:
        """Give up what has been waited for long enough, and look again when the next one has."""
        loop = asyncio.get_running_loop()
        self._timer = None
        for task, until in self._until.items():
            if until > loop.time():
                self._timer = loop.call_at(until, self._look)
                return
            if task not in self._given_up:
                self._given_up.add(task)
                task.cancel()
