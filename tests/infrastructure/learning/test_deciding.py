"""What a version is said to be worth is not found on the rows that told how it decides."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st

from domain.training.hyperparameters.classification import Classification
from infrastructure.learning.deciding import Decision, decided_unseen
from infrastructure.learning.metrics import macro_f1

ROWS = 2_000


@st.composite
def scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Return scores of two or three labels, and which label was right; ties and absent labels occur."""
    rows, labels = draw(st.integers(1, 30)), draw(st.integers(2, 3))
    scores = draw(np_st.arrays(np.float64, (rows, labels), elements=st.integers(1, 9).map(float)))
    truth = draw(np_st.arrays(np.int64, rows, elements=st.integers(0, labels - 1)))
    return scores / scores.sum(axis=1, keepdims=True), truth.astype(np.float64)


@given(
    rows=scored(),
    calibration=st.sampled_from(["none", "isotonic", "platt"]),
    threshold=st.sampled_from(["auto", 0.3]),
)
def test_every_row_gets_probabilities_and_a_label(
    rows: tuple[np.ndarray, np.ndarray], calibration: str, threshold: str | float
) -> None:
    scores, truth = rows
    asked = Classification.model_validate({"calibration": calibration, "threshold": threshold})

    found = decided_unseen(asked, scores, truth)

    assert found.probabilities.sum(axis=1) == pytest.approx(np.ones(len(scores)))
    assert np.all((found.probabilities >= 0) & (found.probabilities <= 1))
    assert np.all((found.chosen >= 0) & (found.chosen < scores.shape[1]))


@given(rows=scored())
def test_what_no_row_tells_is_the_same_for_all(rows: tuple[np.ndarray, np.ndarray]) -> None:
    scores, truth = rows
    asked = Classification(threshold=0.3)

    found, served = decided_unseen(asked, scores, truth), Decision.found(asked, scores, truth)(scores)

    assert np.array_equal(found.probabilities, served.probabilities)
    assert np.array_equal(found.chosen, served.chosen)


@given(rows=scored(), row=st.integers(0, 29), seed=st.integers(0, 3))
def test_the_label_of_a_row_has_no_say_in_what_is_said_of_it(
    rows: tuple[np.ndarray, np.ndarray], row: int, seed: int
) -> None:
    scores, truth = rows
    row %= len(truth)
    assume(len(truth) > 1)  # of one row, nobody else can tell
    asked = Classification(calibration="isotonic", seed=seed)
    other = truth.copy()
    other[row] = (truth[row] + 1) % scores.shape[1]

    found, otherwise = decided_unseen(asked, scores, truth), decided_unseen(asked, scores, other)

    assert np.array_equal(found.probabilities[row], otherwise.probabilities[row])
    assert found.chosen[row] == otherwise.chosen[row]


def test_a_tuned_threshold_makes_nothing_of_scores_that_tell_nothing() -> None:
    chance = np.random.default_rng(0)
    tuned, unseen = [], []
    for _ in range(50):
        truth = (chance.random(40) < 0.5).astype(np.float64)
        second = chance.random(40)
        scores = np.column_stack([1.0 - second, second])
        codes = truth.astype(np.intp)
        served = Decision.found(Classification(), scores, truth)
        tuned.append(macro_f1(codes, served(scores).chosen))
        unseen.append(macro_f1(codes, decided_unseen(Classification(), scores, truth).chosen))

    assert np.mean(tuned) > 0.55
    assert np.mean(unseen) < 0.5


@pytest.mark.parametrize("calibration", ["isotonic", "platt"])
def test_calibration_mends_what_is_too_sure_of_itself(calibration: str) -> None:
    chance = np.random.default_rng(0)
    odds = chance.normal(size=ROWS)
    truth = (chance.random(ROWS) < 1 / (1 + np.exp(-odds))).astype(np.float64)
    too_sure = 1 / (1 + np.exp(-4 * odds))
    scores = np.column_stack([1 - too_sure, too_sure])
    asked = Classification.model_validate({"calibration": calibration})

    def log_loss(said: np.ndarray) -> float:
        return float(-np.mean(np.log(said[np.arange(ROWS), truth.astype(int)])))

    assert log_loss(decided_unseen(asked, scores, truth).probabilities) < log_loss(scores) - 0.1
