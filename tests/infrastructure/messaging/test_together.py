import asyncio

import pytest

from infrastructure.messaging.together import together


async def fail(error: Exception) -> None:
    raise error


async def fail_together(*errors: Exception) -> None:
    async with together() as tasks:
        tasks.create_task(asyncio.sleep(60))
        for error in errors:
            tasks.create_task(fail(error))


async def cancellations_after(*errors: Exception) -> int:
    """Have tasks fail; return how often the waiting task counts as cancelled then."""
    task = asyncio.current_task()
    assert task is not None
    with pytest.raises(type(errors[0]), match=str(errors[0])):
        await fail_together(*errors)
    return task.cancelling()


def test_the_first_error_is_that_of_all_and_cancels_nobody_else() -> None:
    assert asyncio.run(cancellations_after(ValueError("first"), KeyError("second"))) == 0


def test_who_is_cancelled_stays_cancelled() -> None:
    async def run() -> bool:
        task = asyncio.create_task(fail_together())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(run())
