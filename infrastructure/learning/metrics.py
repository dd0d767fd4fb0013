"""How good predictions are on rows that were not learned from.

Source:
    The definitions are those of `sklearn.metrics`; the figures are its to twelve digits, without its import.
"""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

_SMALLEST = float(np.finfo(np.float64).eps)
"""A probability below it counts as this much: a label that was held impossible would be infinitely surprising."""


class RoundMetric(Protocol):
    """One figure after each round, the smaller the better.

    It is computed here rather than by LightGBM because LightGBM sums it over threads: its last bits, and
    with them the best round, would depend on their number.
    """

    def __call__(self, actual: Floats, predicted: Floats, weights: Floats | None, /) -> float:
        """Return the figure of predictions as LightGBM gives them; without weights all rows weigh the same."""


def binary_log_loss(actual: Floats, predicted: Floats, weights: Floats | None = None) -> float:
    """Return the log loss of the probabilities of class 1, of shape (rows,)."""
    return _mean_surprise(np.where(actual == 1.0, predicted, 1.0 - predicted), weights)


def multiclass_log_loss(actual: Floats, predicted: Floats, weights: Floats | None = None) -> float:
    """Return the log loss of probabilities of shape (rows, classes)."""
    return _mean_surprise(predicted[np.arange(len(actual)), actual.astype(np.intp)], weights)


def rmse(actual: Floats, predicted: Floats, weights: Floats | None = None) -> float:
    """Return the root of the mean squared error; infinite or NaN when the predictions are."""
    with np.errstate(over="ignore", invalid="ignore"):
        return math.sqrt(weighted_mean(np.square(predicted - actual), weights))


def classification_metrics(
    actual: Floats, probabilities: Floats, *, chosen: Codes | None = None
) -> dict[str, float]:
    """Return `log_loss`, `accuracy`, `f1` (macro) and, where every class has a row, `auc`.

    `auc` is that of class 1 of two, or the unweighted mean of each class against the rest.

    Args:
        actual: Class indexes of shape (rows,).
        probabilities: Of shape (rows, classes), each row adding up to 1.
        chosen: The classes predicted, of shape (rows,); None for the most probable ones.
    """
    codes = actual.astype(np.intp)
    guesses = probabilities.argmax(axis=1) if chosen is None else chosen
    found = {
        "log_loss": multiclass_log_loss(actual, probabilities),
        "accuracy": float(np.mean(guesses == codes)),
        "f1": macro_f1(codes, guesses),
    }
    classes = probabilities.shape[1]
    if len(np.unique(codes)) == classes:
        against_the_rest = [1] if classes == 2 else range(classes)  # noqa: PLR2004 - binary
        areas = [roc_auc(codes == each, probabilities[:, each]) for each in against_the_rest]
        found["auc"] = float(np.mean(areas))
    return found


def macro_f1(actual: Codes, guesses: Codes) -> float:
    """Return the unweighted mean of F1 over the classes that are in the rows or predicted of them."""
    classes = int(max(actual.max(), guesses.max())) + 1
    right = np.bincount(actual[actual == guesses], minlength=classes)
    counted = np.bincount(actual, minlength=classes) + np.bincount(guesses, minlength=classes)
    met = counted > 0
    return float(np.mean(2.0 * right[met] / counted[met]))


def roc_auc(is_positive: NDArray[np.bool_], scores: Floats) -> float:
    """Return how often a positive row scores above another, ties counting half.

    Source:
        Hanley and McNeil, "The Meaning and Use of the Area under a ROC Curve" (1982).
    """
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(counts) - (counts - 1) / 2.0
    positives = int(is_positive.sum())
    above = float(mean_ranks[places][is_positive].sum()) - positives * (positives + 1) / 2.0
    return above / (positives * (len(scores) - positives))


def regression_metrics(actual: Floats, predicted: Floats) -> dict[str, float]:
    """Return `rmse`, `mae` and, where the actual values differ so that their squares tell, `r2`."""
    found = {"rmse": rmse(actual, predicted), "mae": float(np.mean(np.abs(predicted - actual)))}
    spread = float(np.sum(np.square(actual - actual.mean())))
    if actual.min() != actual.max() and spread > 0.0:
        found["r2"] = 1.0 - float(np.sum(np.square(predicted - actual))) / spread
    return found


def _mean_surprise(probabilities: Floats, weights: Floats | None) -> float:
    return -weighted_mean(np.log(np.clip(probabilities, _SMALLEST, 1.0)), weights)


def weighted_mean(values: Floats, weights: Floats | None) -> float:
    """Return the mean of values; without weights all of them weigh the same."""
    return float(np.mean(values) if weights is None else np.sum(values * weights) / np.sum(weights))
