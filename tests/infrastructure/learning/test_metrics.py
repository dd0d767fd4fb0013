"""The figures are those that the field knows under their names."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st
from sklearn import metrics as sklearn_metrics

from infrastructure.learning.metrics import classification_metrics, regression_metrics

CLOSE = {"rel": 1e-12, "abs": 1e-12}


@st.composite
def classified(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Return codes and probabilities; few different ones, so that ties, sure ones and absent classes occur."""
    classes = draw(st.integers(2, 5))
    rows = draw(st.integers(1, 40))
    codes = draw(np_st.arrays(np.int64, rows, elements=st.integers(0, classes - 1)))
    weights = draw(np_st.arrays(np.float64, (rows, classes), elements=st.sampled_from([0.0, 0.1, 0.5, 1.0, 7.3])))
    weights[weights.sum(axis=1) == 0] = 1.0
    return codes, weights / weights.sum(axis=1, keepdims=True)


@given(rows=classified())
def test_classifications_are_measured_as_scikit_learn_measures_them(rows: tuple[np.ndarray, np.ndarray]) -> None:
    codes, probabilities = rows
    classes = np.arange(probabilities.shape[1])
    guesses = probabilities.argmax(axis=1)

    found = classification_metrics(codes.astype(np.float64), probabilities)

    assert found["log_loss"] == pytest.approx(
        sklearn_metrics.log_loss(codes, probabilities, labels=classes), **CLOSE
    )
    assert found["accuracy"] == pytest.approx(sklearn_metrics.accuracy_score(codes, guesses), **CLOSE)
    expected = sklearn_metrics.f1_score(codes, guesses, average="macro", zero_division=0)
    assert found["f1"] == pytest.approx(expected, **CLOSE)
    assert ("auc" in found) == (len(np.unique(codes)) == len(classes))
    if "auc" in found and len(classes) == 2:
        assert found["auc"] == pytest.approx(sklearn_metrics.roc_auc_score(codes, probabilities[:, 1]), **CLOSE)
    elif "auc" in found:
        expected = sklearn_metrics.roc_auc_score(codes, probabilities, multi_class="ovr", labels=classes)
        assert found["auc"] == pytest.approx(expected, **CLOSE)


@given(rows=classified(), seed=st.integers(0, 100))
def test_labels_that_are_chosen_otherwise_are_measured_as_chosen(
    rows: tuple[np.ndarray, np.ndarray], seed: int
) -> None:
    codes, probabilities = rows
    chosen = np.random.default_rng(seed).integers(0, probabilities.shape[1], len(codes)).astype(np.intp)

    found = classification_metrics(codes.astype(np.float64), probabilities, chosen=chosen)

    expected = sklearn_metrics.f1_score(codes, chosen, average="macro", zero_division=0)
    assert found["f1"] == pytest.approx(expected, **CLOSE)
    assert found["accuracy"] == pytest.approx(sklearn_metrics.accuracy_score(codes, chosen), **CLOSE)


numbers = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda number: round(number, 3))


@given(pairs=st.lists(st.tuples(numbers, numbers), min_size=2, max_size=50))
def test_numbers_are_measured_as_scikit_learn_measures_them(pairs: list[tuple[float, float]]) -> None:
    actual, predicted = np.array(pairs).T

    found = regression_metrics(actual, predicted)

    assert found["rmse"] == pytest.approx(sklearn_metrics.root_mean_squared_error(actual, predicted), **CLOSE)
    assert found["mae"] == pytest.approx(sklearn_metrics.mean_absolute_error(actual, predicted), **CLOSE)
    assert ("r2" in found) == (len(np.unique(actual)) > 1)
    if "r2" in found:
        assert found["r2"] == pytest.approx(sklearn_metrics.r2_score(actual, predicted), **CLOSE)


def test_numbers_whose_squares_are_none_have_no_r2() -> None:
    assert regression_metrics(np.array([0.0, 1e-300]), np.array([0.0, 0.0])).keys() == {"rmse", "mae"}
