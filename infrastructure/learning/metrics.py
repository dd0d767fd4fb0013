"""How good predictions are on rows that were not learned from.

Source:
    scikit-learn, `sklearn.metrics`, of which all final figures are.
"""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

Floats = NDArray[np.float64]


class RoundMetric(Protocol):
    """One figure after each round, the smaller the better.

    It is computed here rather than by LightGBM because LightGBM sums it over threads: its last bits, and
    with them the best round, would depend on their number.
    """

    def __call__(self, actual: Floats, predicted: Floats) -> float:
        """Return the figure of predictions as LightGBM gives them."""


def binary_log_loss(actual: Floats, predicted: Floats) -> float:
    """Return the log loss of the probabilities of class 1, of shape (rows,)."""
    return _mean_surprise(np.where(actual == 1.0, predicted, 1.0 - predicted))


def multiclass_log_loss(actual: Floats, predicted: Floats) -> float:
    """Return the log loss of probabilities of shape (rows, classes)."""
    return _mean_surprise(predicted[np.arange(len(actual)), actual.astype(np.intp)])


def rmse(actual: Floats, predicted: Floats) -> float:
    """Return the root of the mean squared error; infinite or NaN when the predictions are."""
    with np.errstate(over="ignore", invalid="ignore"):
        return math.sqrt(float(np.mean(np.square(predicted - actual))))


def _mean_surprise(probabilities: Floats) -> float:
    smallest = np.finfo(np.float64).eps
    return float(-np.mean(np.log(np.clip(probabilities, smallest, 1.0))))


def classification_metrics(actual: Floats, probabilities: Floats) -> dict[str, float]:
    """Return `log_loss`, `accuracy`, `f1` (macro) and, where every class has a row, `auc`.

    `auc` is that of class 1 of two, or the unweighted mean of each class against the rest.

    Args:
        actual: Class indexes of shape (rows,).
        probabilities: Of shape (rows, classes), each row adding up to 1.
    """
    classes = np.arange(probabilities.shape[1])
    codes = actual.astype(np.int64)
    guesses = probabilities.argmax(axis=1)
    found = {
        "log_loss": sklearn_metrics.log_loss(codes, probabilities, labels=classes),
        "accuracy": sklearn_metrics.accuracy_score(codes, guesses),
        "f1": sklearn_metrics.f1_score(codes, guesses, average="macro", zero_division=0),
    }
    if np.array_equal(np.unique(codes), classes):
        if len(classes) == 2:  # noqa: PLR2004 - binary
            found["auc"] = sklearn_metrics.roc_auc_score(codes, probabilities[:, 1])
        else:
            found["auc"] = sklearn_metrics.roc_auc_score(
                codes, probabilities, multi_class="ovr", average="macro", labels=classes
            )
    return {name: float(value) for name, value in found.items()}


def regression_metrics(actual: Floats, predicted: Floats) -> dict[str, float]:
    """Return `rmse`, `mae` and, where the actual values differ, `r2`."""
    found = {
        "rmse": sklearn_metrics.root_mean_squared_error(actual, predicted),
        "mae": sklearn_metrics.mean_absolute_error(actual, predicted),
    }
    if actual.min() != actual.max():
        found["r2"] = sklearn_metrics.r2_score(actual, predicted)
    return {name: float(value) for name, value in found.items()}
