"""The threshold is the best there is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.learning.metrics import macro_f1
from infrastructure.learning.threshold import EVEN, best_threshold

probabilities = st.floats(0, 1).map(lambda value: round(value, 2))


@given(pairs=st.lists(st.tuples(probabilities, st.booleans()), min_size=1, max_size=40))
def test_no_threshold_has_a_better_macro_f1(pairs: list[tuple[float, bool]]) -> None:
    scores, is_second = (np.array(each) for each in zip(*pairs, strict=True))

    def f1(threshold: float) -> float:
        firsts, seconds = ((is_second == each).sum() + ((scores > threshold) == each).sum() for each in (0, 1))
        right = [np.sum((is_second == each) & ((scores > threshold) == each)) for each in (0, 1)]
        return float(sum(2 * r / n if n else 0 for r, n in zip(right, (firsts, seconds), strict=True)))

    found = best_threshold(is_second.astype(np.float64), scores)

    best = max(f1(each) for each in np.linspace(0, 1, 401))
    assert f1(found) == pytest.approx(best)
    if f1(EVEN) == best:
        assert found == EVEN


def test_a_rare_label_is_predicted_from_a_lower_probability_on() -> None:
    chance = np.random.default_rng(0)
    scores = chance.beta(1, 8, size=5_000)
    truth = (chance.random(5_000) < scores).astype(np.float64)

    found = best_threshold(truth, scores)

    assert 0.1 < found < 0.4
    codes = truth.astype(np.intp)
    even = (scores > EVEN).astype(np.intp)
    assert macro_f1(codes, (scores > found).astype(np.intp)) > macro_f1(codes, even) + 0.05
