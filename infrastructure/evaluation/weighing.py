"""The metrics of a model for many ways to weigh the same rows, all at once.

A resample of rows weighs each by how often it was drawn, a slice of them by one or nothing: what is computed for
either is a product of matrices, or a sum along the rows.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from infrastructure.evaluation.closed_forms import mean_interval, share_interval
from infrastructure.evaluation.judged import Judged
from infrastructure.learning.losses import RowLoss, is_below

Floats = NDArray[np.float64]

RANKED_LABELS_MAX = 10
"""Rows are ranked for each label on its own: the metrics of more labels lack `auc`."""
_SMALLEST = float(np.finfo(np.float64).eps)


def metrics_of(judged: Judged, weights: Floats) -> dict[str, Floats]:
    """Return each metric for each weighting; NaN where it says nothing, for want of rows or of difference.

    Args:
        judged: Rows.
        weights: Of shape (weightings, rows), whole numbers.

    Returns:
        `log_loss`, `accuracy`, `f1` (macro) and `auc` for labels, `rmse`, `mae`, `r2` and the means of further
        losses for numbers; each of shape (weightings,).
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        total = weights.sum(axis=1)
        of_kind = _of_numbers if judged.chosen is None else _of_labels
        found = dict(of_kind(judged, weights, total))
    return {name: np.where(np.isfinite(values), values, np.nan) for name, values in found.items()}


def metrics_of_all(judged: Judged) -> dict[str, float]:
    """Return the metrics of all rows alike; without those that say nothing."""
    found = metrics_of(judged, np.ones((1, len(judged.truth))))
    return {name: float(values[0]) for name, values in found.items() if not np.isnan(values[0])}


def intervals_of_means(judged: Judged) -> dict[str, tuple[float, float]]:
    """Return where the metrics lie that are means of rows, by closed forms: of many parts, that takes no time."""
    if judged.chosen is None:
        errors = judged.scores[:, 0] - judged.truth
        (low, high), (least, most) = mean_interval(np.square(errors)), mean_interval(np.abs(errors))
        found = {"rmse": (math.sqrt(max(0.0, low)), math.sqrt(high)), "mae": (max(0.0, least), most)}
        return found | {name: _mean_interval_of(loss, judged) for name, loss in judged.losses.items()}
    codes = judged.truth.astype(np.int64)
    least, most = mean_interval(_surprises(judged, codes))
    hits = float((judged.chosen == codes).sum())
    return {"log_loss": (max(0.0, least), most), "accuracy": share_interval(hits, len(codes))}


def _mean_interval_of(loss: RowLoss, judged: Judged) -> tuple[float, float]:
    values = loss(judged.truth, judged.scores[:, 0])
    if loss is is_below:
        return share_interval(float(values.sum()), len(values))
    least, most = mean_interval(values)
    return max(0.0, least), most


def _of_numbers(judged: Judged, weights: Floats, total: Floats) -> Iterator[tuple[str, Floats]]:
    errors = judged.scores[:, 0] - judged.truth
    squared = weights @ np.square(errors)
    yield "rmse", np.sqrt(squared / total)
    yield "mae", weights @ np.abs(errors) / total
    around = judged.truth - judged.truth.mean()  # which keeps the squares of large numbers apart
    for name, loss in judged.losses.items():
        yield name, weights @ loss(judged.truth, judged.scores[:, 0]) / total
    yield "r2", 1.0 - squared / (weights @ np.square(around) - np.square(weights @ around) / total)


def _of_labels(judged: Judged, weights: Floats, total: Floats) -> Iterator[tuple[str, Floats]]:
    codes = judged.truth.astype(np.int64)
    yield "log_loss", weights @ _surprises(judged, codes) / total
    yield "accuracy", weights @ (judged.chosen == codes) / total
    yield "f1", _macro_f1(judged, codes, weights)
    if judged.scores.shape[1] <= RANKED_LABELS_MAX:
        yield "auc", _auc(judged.scores, codes, weights)


def _surprises(judged: Judged, codes: NDArray[np.int64]) -> Floats:
    of_truth: Floats = judged.scores[np.arange(len(codes)), codes]
    return -np.log(np.clip(of_truth, _SMALLEST, 1.0))


def _macro_f1(judged: Judged, codes: NDArray[np.int64], weights: Floats) -> Floats:
    """Return the mean F1 of the labels that are true or predicted at all."""
    labels = judged.scores.shape[1]
    chosen = judged.chosen
    assert chosen is not None, "labels are chosen"
    is_right = chosen == codes
    is_known = chosen >= 0  # another model may choose a label that this one does not have
    found = np.empty(len(weights))
    for place, each in enumerate(weights):
        either = np.bincount(codes, each, labels) + np.bincount(chosen[is_known], each[is_known], labels)
        right = np.bincount(codes[is_right], each[is_right], labels)
        found[place] = (2.0 * right[either > 0] / either[either > 0]).mean() if either.any() else np.nan
    return found


def _auc(scores: Floats, codes: NDArray[np.int64], weights: Floats) -> Floats:
    """Return the area under the ROC curve of the second of two labels, or the mean of each against the others."""
    labels = [1] if scores.shape[1] == 2 else range(scores.shape[1])  # noqa: PLR2004 - two
    areas = np.array([_area(scores[:, label], codes == label, weights) for label in labels])
    is_told = ~np.isnan(areas)
    mean: Floats = np.where(is_told, areas, 0.0).sum(axis=0) / is_told.sum(axis=0)
    return mean


def _area(scores: Floats, is_positive: NDArray[np.bool_], weights: Floats) -> Floats:
    """Return how often a positive row has the higher score of two; equal scores count half."""
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    ordered = weights[:, order]
    positive = np.add.reduceat(ordered * is_positive[order], starts, axis=1)
    negative = np.add.reduceat(ordered, starts, axis=1) - positive
    below = np.cumsum(negative, axis=1) - negative / 2.0
    area: Floats = (positive * below).sum(axis=1) / (positive.sum(axis=1) * negative.sum(axis=1))
    return area
