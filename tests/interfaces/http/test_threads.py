"""Requests wait for a thread, but not for ever."""

import asyncio
from threading import Event

import pytest

from interfaces.http.problems import ServiceBusy
from interfaces.http.threads import Threads


def test_work_for_which_there_is_no_thread_in_time_is_not_done() -> None:
    ended = Event()
    done: list[str] = []

    async def crowd() -> None:
        threads = Threads(1, turn_within_s=0.1)
        first = asyncio.create_task(threads.run(ended.wait))
        await asyncio.sleep(0)  # it has its turn
        with pytest.raises(ServiceBusy) as busy:
            await threads.run(lambda: done.append("refused"))
        assert (busy.value.status, busy.value.headers) == (503, {"retry-after": "1"})
        ended.set()
        assert await first
        await threads.run(lambda: done.append("granted"))

    asyncio.run(crowd())
    assert done == ["granted"]
