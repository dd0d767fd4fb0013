"""How rounds are gathered."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from application.ports.trainer import Iteration
from infrastructure.learning.progress import INTERVAL_S, Gathered
from tests.support.fakes.clock import FakeClock


@given(pauses_s=st.lists(st.floats(0, 0.03), min_size=1))
def test_each_round_is_passed_on_once_in_order_and_seldom_alone(pauses_s: list[float]) -> None:
    clock = FakeClock()
    passed_on: list[Sequence[Iteration]] = []
    progress = Gathered(passed_on.append, monotonic=clock.monotonic)

    for number, pause_s in enumerate(pauses_s, start=1):
        progress(Iteration(iteration=number, total=len(pauses_s), metrics={}, is_best=False))
        clock.advance(pause_s)
    progress.finish()

    assert [each.iteration for some in passed_on for each in some] == list(range(1, len(pauses_s) + 1))
    assert len(passed_on[0]) == 1
    assert len(passed_on) <= clock.monotonic() / INTERVAL_S + 2
