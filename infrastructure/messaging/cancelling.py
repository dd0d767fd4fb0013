"""Tasks are ended in bounded time, also where a library forgets that they are to end."""

import asyncio
from collections.abc import Iterable
from typing import Any

_AGAIN_S = 0.5


async def cancelled(tasks: Iterable[asyncio.Task[Any]], *, within_s: float) -> bool:
    """End the tasks, and return whether they have ended in time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    going = {task for task in tasks if not task.done()}
    while going and loop.time() < end:
        for task in going:
            task.cancel()
        # and once more, for nats-py swallows a cancellation that meets it while it waits for room to send
        _, going = await asyncio.wait(going, timeout=min(_AGAIN_S, within_s))
    return not going


def end_if_cancelled() -> None:
    """Let the task that calls this end, if it was cancelled and what it waited for has kept that to itself.

    Raises:
        asyncio.CancelledError: It was.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
