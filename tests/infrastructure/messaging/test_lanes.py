import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.messaging.lanes import Lanes, Turns


@given(lanes=st.lists(st.sampled_from("abc"), max_size=20), waits=st.lists(st.integers(0, 3), min_size=20))
def test_a_lane_keeps_its_order_whatever_the_others_do(lanes: list[str], waits: list[int]) -> None:
    done: list[tuple[str, int]] = []

    def work(lane: str, number: int) -> Callable[[], Awaitable[None]]:
        async def do() -> None:
            for _ in range(waits[number]):
                await asyncio.sleep(0)
            done.append((lane, number))

        return do

    async def run() -> None:
        async with asyncio.TaskGroup() as tasks:
            working = Lanes(tasks)
            for number, lane in enumerate(lanes):
                working.put(lane, work(lane, number))

    asyncio.run(run())
    for lane in "abc":
        mine = [number for each, number in done if each == lane]
        assert mine == sorted(mine)
    assert len(done) == len(lanes)


def test_lanes_go_on_side_by_side() -> None:
    async def run() -> None:
        met = asyncio.Barrier(2)

        async def meet() -> None:
            async with asyncio.timeout(10):
                await met.wait()

        async with asyncio.TaskGroup() as tasks:
            working = Lanes(tasks)
            working.put("a", meet)
            working.put("b", meet)

    asyncio.run(run())


@given(alone=st.lists(st.booleans(), max_size=12))
def test_so_many_have_a_turn_at_once_and_who_is_alone_is_alone(alone: list[bool]) -> None:
    together: set[int] = set()

    async def one(turns: Turns, number: int) -> None:
        async with turns.turn(alone=alone[number]):
            together.add(number)
            assert len(together) <= 3
            for _ in range(3):
                await asyncio.sleep(0)
                assert not any(alone[each] for each in together) or len(together) == 1
            together.discard(number)

    async def run() -> None:
        turns = Turns(3)
        async with asyncio.TaskGroup() as tasks:
            for number in range(len(alone)):
                tasks.create_task(one(turns, number))

    asyncio.run(run())


@pytest.mark.parametrize("alone", [False, True])
def test_who_is_cancelled_gives_back_the_turn(alone: bool) -> None:
    async def hold(turns: Turns) -> None:
        async with turns.turn(alone=alone):
            await asyncio.sleep(60)

    async def run() -> None:
        turns = Turns(2)
        waiting = [asyncio.create_task(hold(turns)) for _ in range(4)]
        await asyncio.sleep(0.01)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        async with asyncio.timeout(10), turns.turn(alone=True):
            pass

    asyncio.run(run())
