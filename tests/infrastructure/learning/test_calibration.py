"""Probabilities are made to say how often a label is right."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from infrastructure.learning.calibration import Calibration, Isotonic, Platt

KINDS = ["isotonic", "platt"]
probabilities = st.floats(0, 1).map(lambda value: round(value, 2))


@st.composite
def scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Return scores of two to four labels, and which label was right; ties and absent labels occur."""
    rows, labels = draw(st.integers(1, 40)), draw(st.integers(2, 4))
    scores = draw(np_st.arrays(np.float64, (rows, labels), elements=probabilities)) + 0.01
    truth = draw(np_st.arrays(np.int64, rows, elements=st.integers(0, labels - 1)))
    return scores / scores.sum(axis=1, keepdims=True), truth.astype(np.float64)


@given(pairs=st.lists(st.tuples(probabilities, st.booleans()), min_size=1, max_size=60))
def test_an_isotonic_line_is_the_one_that_scikit_learn_finds(pairs: list[tuple[float, bool]]) -> None:
    scores, is_right = (np.array(each) for each in zip(*pairs, strict=True))
    asked, places = np.linspace(-0.1, 1.1, 50), np.unique(scores)
    least = 1 / (len(pairs) + 2)

    found = Isotonic.fitted(scores, is_right)(asked)

    expected = IsotonicRegression(out_of_bounds="clip").fit(scores, is_right.astype(float)).predict(places)
    assert np.all(np.diff(found) >= 0)
    assert found == pytest.approx(np.interp(asked, places, np.clip(expected, least, 1 - least)), abs=1e-9)


def test_platts_curve_is_the_likeliest_one() -> None:
    chance = np.random.default_rng(0)
    odds = chance.normal(scale=3.0, size=4_000)
    is_right = chance.random(4_000) < 1 / (1 + np.exp(-(0.4 * odds - 1.0)))

    found = Platt.fitted(1 / (1 + np.exp(-odds)), is_right)

    plain = LogisticRegression(C=np.inf).fit(odds[:, np.newaxis], is_right)
    # Platt draws the targets in from 0 and 1, by half a thousandth here
    assert found.slope == pytest.approx(plain.coef_[0, 0], rel=0.01)
    assert found.intercept == pytest.approx(plain.intercept_[0], rel=0.01)


@pytest.mark.parametrize("kind", KINDS)
@given(rows=scored())
def test_calibrated_scores_are_probabilities_whatever_they_were_fitted_on(
    kind: str, rows: tuple[np.ndarray, np.ndarray]
) -> None:
    scores, truth = rows

    found = Calibration.fitted(kind, scores, truth)(scores)

    assert found.shape == scores.shape
    assert np.all((found >= 0) & (found <= 1))
    assert found.sum(axis=1) == pytest.approx(np.ones(len(scores)))


@pytest.mark.parametrize("kind", KINDS)
@given(rows=scored())
def test_a_calibration_comes_back_from_plain_json(kind: str, rows: tuple[np.ndarray, np.ndarray]) -> None:
    scores, truth = rows
    fitted = Calibration.fitted(kind, scores, truth)

    back = Calibration.of(json.loads(json.dumps(fitted.settings(), allow_nan=False)))

    assert np.array_equal(back(scores), fitted(scores))
    one_by_one = [fitted(scores[[row]])[0] for row in range(len(scores))]
    assert np.array_equal(one_by_one, fitted(scores))


@pytest.mark.parametrize(
    "settings",
    [
        {"kind": "magic", "curves": []},
        {"kind": "platt", "curves": [{"slope": 1.0}]},
        {"kind": "isotonic", "curves": [{"slope": 1.0, "intercept": 0.0}]},
    ],
)
def test_settings_that_are_no_calibration_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="calibration"):
        Calibration.of(settings)
