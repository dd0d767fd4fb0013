"""Tasks that work together: when one fails, the others end, and its error is that of all."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_LEAVES_CANCELLATION = sys.version_info < (3, 13)
"""A group interrupts the task that waits for it; until then that task counts as cancelled for good
(Source: Python's documentation of `asyncio.TaskGroup`, changed in version 3.13)."""


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """Yield a group of tasks, and wait for them.

    Raises:
        Exception: What went wrong first, rather than a group of it and what it led to.
    """
    task = asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"
    cancellations = task.cancelling()
    try:
        async with asyncio.TaskGroup() as tasks:
            yield tasks
    except ExceptionGroup as group:
        if _LEAVES_CANCELLATION and task.cancelling() > cancellations:
            task.uncancel()
        raise group.exceptions[0] from None
