import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.messaging.pace import CYCLE_S, SHARE, TURN_LASTS_S, TURN_S, Pace

A_MOMENT_S = TURN_S / 4
PIECES_S = st.floats(min_value=0.0, max_value=3 * TURN_S)


class Working:
    """A thread's time and processor time, and the coroutines of it that keep pace.

    Attributes:
        busy_until_s: Until then others are busy.
        rested_s: How long was rested.
    """

    def __init__(self, *, busy_until_s: float) -> None:
        self.busy_until_s = busy_until_s
        self.now_s = self.used_s = self.rested_s = 0.0
        self._pace = Pace(
            lambda: self.now_s < self.busy_until_s,
            used_s=lambda: self.used_s,
            now_s=lambda: self.now_s,
            sleep=self._sleep,
        )

    def work(self, seconds: float, *, times: int = 1) -> None:
        """Use the processor for so long, each time after keeping pace."""
        for _ in range(times):
            asyncio.run(self._pace.keep())
            self.now_s += seconds
            self.used_s += seconds

    def wait(self, seconds: float) -> None:
        """Have nothing to do for so long."""
        self.now_s += seconds

    async def _sleep(self, seconds: float) -> None:
        self.now_s += seconds
        self.rested_s += seconds


@pytest.fixture
def in_an_idle_service() -> Working:
    return Working(busy_until_s=0.0)


@pytest.fixture
def in_a_busy_service() -> Working:
    return Working(busy_until_s=float("inf"))


def test_nobody_rests_for_an_idle_service(in_an_idle_service: Working) -> None:
    in_an_idle_service.work(A_MOMENT_S, times=100)
    assert in_an_idle_service.rested_s == 0.0


def test_in_a_busy_service_what_can_wait_keeps_to_its_share(in_a_busy_service: Working) -> None:
    in_a_busy_service.work(A_MOMENT_S, times=1_000)
    share = in_a_busy_service.used_s / in_a_busy_service.now_s
    assert 0.7 * SHARE < share <= SHARE * 1.01


def test_a_little_work_after_a_while_is_done_at_once(in_a_busy_service: Working) -> None:
    for _ in range(10):
        in_a_busy_service.work(A_MOMENT_S)
        in_a_busy_service.wait(CYCLE_S)
    assert in_a_busy_service.rested_s == 0.0


def test_work_that_comes_piece_by_piece_is_gathered_and_done_together(in_a_busy_service: Working) -> None:
    for _ in range(100):
        in_a_busy_service.work(A_MOMENT_S / 10)
        in_a_busy_service.wait(TURN_LASTS_S)
    assert in_a_busy_service.now_s >= 99 * CYCLE_S


def test_one_piece_that_took_long_is_made_up_for(in_a_busy_service: Working) -> None:
    in_a_busy_service.work(1.0)
    in_a_busy_service.work(A_MOMENT_S)
    assert in_a_busy_service.now_s == pytest.approx(1.0 / SHARE + A_MOMENT_S)


def test_the_rest_is_over_when_others_are_busy_no_longer() -> None:
    working = Working(busy_until_s=1.1)
    working.work(1.0)
    working.work(A_MOMENT_S)
    assert working.rested_s <= 0.1 + CYCLE_S


@given(pieces=st.lists(st.tuples(PIECES_S, PIECES_S), min_size=1, max_size=50))
def test_in_a_busy_service_no_work_takes_more_than_its_share(pieces: list[tuple[float, float]]) -> None:
    working = Working(busy_until_s=float("inf"))
    for piece_s, waited_s in pieces:
        working.work(piece_s)
        working.wait(waited_s)
        last_turn_s = TURN_S + max(each for each, _ in pieces)
        assert working.used_s <= SHARE * working.now_s + last_turn_s + 1e-9


def test_coroutines_of_one_thread_share_its_share() -> None:
    async def both() -> tuple[float, float]:
        now_s = used_s = 0.0

        async def sleep(seconds: float) -> None:
            nonlocal now_s
            now_s += seconds
            await asyncio.sleep(0)

        pace = Pace(lambda: True, used_s=lambda: used_s, now_s=lambda: now_s, sleep=sleep)

        async def work() -> None:
            nonlocal now_s, used_s
            for _ in range(500):
                await pace.keep()
                now_s += A_MOMENT_S
                used_s += A_MOMENT_S

        await asyncio.gather(work(), work())
        return used_s, now_s

    used_s, now_s = asyncio.run(both())
    assert used_s <= SHARE * now_s + 2 * TURN_S
