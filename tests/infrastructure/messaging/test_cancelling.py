import asyncio
from contextlib import suppress

import pytest

from infrastructure.messaging.cancelling import cancelled, end_if_cancelled


def test_a_task_whose_library_swallows_a_cancellation_ends_all_the_same() -> None:
    async def forgetful() -> None:
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            end_if_cancelled()

    async def run() -> bool:
        task = asyncio.create_task(forgetful())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return task.cancelled()

    assert asyncio.run(run())


def test_a_task_that_was_not_cancelled_goes_on() -> None:
    async def run() -> None:
        end_if_cancelled()

    asyncio.run(run())


def test_who_ignores_the_first_cancellation_is_asked_again() -> None:
    async def stubborn() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    async def run() -> bool:
        task = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        return await cancelled([task], within_s=30)

    assert asyncio.run(run())
