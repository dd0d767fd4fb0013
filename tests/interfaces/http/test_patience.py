"""What is waited for too long is given up, each wait by itself."""

import asyncio
import time

import pytest

from interfaces.http.patience import Patience

WITHIN_S = 0.05


class TooLong(Exception):
    pass


async def never() -> str:
    await asyncio.Event().wait()
    return "never"


async def soon() -> str:
    await asyncio.sleep(0)
    return "soon"


def test_each_wait_ends_after_its_own_time_and_those_that_begin_later_end_later() -> None:
    ended: list[str] = []

    async def wait(name: str, patience: Patience) -> None:
        began = time.monotonic()
        with pytest.raises(TooLong):
            await patience.wait_for(never)
        assert time.monotonic() - began >= WITHIN_S
        ended.append(name)

    async def run() -> None:
        patience = Patience(within_s=WITHIN_S, otherwise=TooLong)
        first = asyncio.create_task(wait("first", patience))
        assert await patience.wait_for(soon) == "soon"
        await asyncio.sleep(WITHIN_S / 2)
        second = asyncio.create_task(wait("second", patience))
        await first
        await second
        assert await patience.wait_for(soon) == "soon"
        await wait("third", patience)

    asyncio.run(asyncio.wait_for(run(), 60))
    assert ended == ["first", "second", "third"]


def test_a_wait_that_somebody_else_ends_is_not_too_long() -> None:
    async def run() -> None:
        patience = Patience(within_s=60, otherwise=TooLong)
        waiting = asyncio.create_task(patience.wait_for(never))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(asyncio.wait_for(run(), 60))


def test_what_goes_wrong_is_told_as_it_is() -> None:
    async def broken() -> str:
        raise LookupError

    async def run() -> None:
        with pytest.raises(LookupError):
            await Patience(within_s=60, otherwise=TooLong).wait_for(broken)

    asyncio.run(asyncio.wait_for(run(), 60))
