"""Which rounds are told."""

from hypothesis import given
from hypothesis import strategies as st

from application.ports.trainer import Iteration
from infrastructure.learning.progress import INTERVAL_S, Thinned
from tests.support.fakes.clock import FakeClock


@given(rounds=st.lists(st.tuples(st.booleans(), st.floats(0, 0.03)), min_size=1))
def test_the_first_the_best_and_the_last_are_told_in_order(rounds: list[tuple[bool, float]]) -> None:
    clock = FakeClock()
    told: list[Iteration] = []
    progress = Thinned(told.append, monotonic=clock.monotonic)

    for number, (is_best, pause_s) in enumerate(rounds, start=1):
        progress(Iteration(iteration=number, total=len(rounds), metrics={}, is_best=is_best))
        clock.advance(pause_s)
    progress.finish()

    numbers = [each.iteration for each in told]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 1
    assert numbers[-1] == len(rounds)
    best = [number for number, (is_best, _) in enumerate(rounds, start=1) if is_best]
    assert not best or best[-1] in numbers
    assert len(numbers) <= 2 * (clock.monotonic() / INTERVAL_S + 2)
