"""What is drawn of a model: which labels it takes for which, how its errors lie, what a threshold brings."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from application.reports.views import (
    Calibration,
    CalibrationBin,
    Confusion,
    Curve,
    Curves,
    HorizonError,
    Residuals,
)
from domain.inference.values import Label
from infrastructure.evaluation.judged import Judged

Floats = NDArray[np.float64]

POINTS_MAX = 101
_LABELS_MAX = 20
_CURVES_MAX = 5
_BINS = 10
_SHARES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


def confusion_of(judged: Judged, labels: Sequence[Label]) -> Confusion:
    """Return how often which label was predicted for which; the rarest ones together."""
    assert judged.chosen is not None, "labels are chosen"
    codes = judged.truth.astype(np.int64)
    shown = _most_frequent(codes, len(labels), _LABELS_MAX)
    others = len(shown)
    place_of = np.full(len(labels) + 1, others)  # the last one is for what is no label here: -1
    place_of[shown] = np.arange(others)
    size = others + (len(labels) > others)
    pairs = place_of[codes] * (others + 1) + place_of[judged.chosen]
    counts = np.bincount(pairs, minlength=(others + 1) ** 2).reshape(others + 1, others + 1)
    return Confusion(
        labels=[labels[code] for code in shown],
        has_others=len(labels) > others,
        counts=counts[:size, :size].tolist(),
    )


def residuals_of(judged: Judged) -> Residuals:
    """Return where the residuals lie."""
    residuals = judged.scores[:, 0] - judged.truth
    return Residuals(
        shares=list(_SHARES), quantiles=np.quantile(residuals, _SHARES).tolist(), mean=float(residuals.mean())
    )


def curves_of_labels(judged: Judged, labels: Sequence[Label]) -> Curves:
    """Return a curve for the second of two labels, or one for each of the most frequent ones."""
    codes = judged.truth.astype(np.int64)
    is_binary = len(labels) == 2  # noqa: PLR2004 - two
    shown = [1] if is_binary else _most_frequent(codes, len(labels), _CURVES_MAX)
    drawn = [(labels[code], judged.scores[:, code], codes == code) for code in shown]
    drawn = [each for each in drawn if 0 < each[2].sum() < len(codes)]
    if is_binary:
        calibration = _calibration(judged.scores[:, 1], codes == 1, label=labels[1])
    else:
        top = judged.scores.max(axis=1)
        calibration = _calibration(top, judged.scores.argmax(axis=1) == codes, label=None)
    return Curves(
        roc=[_roc(label, scores, is_positive) for label, scores, is_positive in drawn],
        precision_recall=[_precision_recall(label, scores, is_positive) for label, scores, is_positive in drawn],
        calibration=calibration,
    )


def curves_of_numbers(judged: Judged, baseline: Floats, steps: NDArray[np.int64] | None) -> Curves:
    """Return how numbers hold on average, and how their errors grow with the steps that they look ahead.

    Args:
        judged: Rows.
        baseline: What is said of them without learning, of shape (rows, 1).
        steps: Of shape (rows,), from 1; None where nothing is forecast.
    """
    by_step = []
    errors, of_baseline = judged.scores[:, 0] - judged.truth, baseline[:, 0] - judged.truth
    for step in [] if steps is None else np.unique(steps).tolist():
        is_here = steps == step
        by_step.append(
            HorizonError(
                step=step,
                rows=int(is_here.sum()),
                mae=float(np.abs(errors[is_here]).mean()),
                rmse=float(np.sqrt(np.square(errors[is_here]).mean())),
                baseline_mae=float(np.abs(of_baseline[is_here]).mean()),
            )
        )
    calibration = _calibration(judged.scores[:, 0], judged.truth, label=None)
    return Curves(calibration=calibration, error_by_horizon=by_step)


def _most_frequent(codes: NDArray[np.int64], labels: int, count: int) -> list[int]:
    """Return the most frequent labels, in their own order."""
    frequencies = np.bincount(codes, minlength=labels)
    return sorted(np.argsort(-frequencies, kind="stable")[:count].tolist())


def _calibration(said: Floats, true: NDArray[np.generic], *, label: Label | None) -> Calibration:
    """Return bins of as many rows each, as far as equal predictions stay together."""
    order = np.argsort(said, kind="stable")
    ends = np.searchsorted(said[order], np.quantile(said, np.linspace(0.0, 1.0, _BINS + 1)[1:-1]), side="right")
    parts = np.split(order, np.unique(ends))
    bins = [
        CalibrationBin(predicted=float(said[part].mean()), observed=float(true[part].mean()), rows=len(part))
        for part in parts
        if len(part)
    ]
    return Calibration(label=label, bins=bins)


def _roc(label: Label, scores: Floats, is_positive: NDArray[np.bool_]) -> Curve:
    right, wrong = _above(scores, is_positive)
    return _curve(label, wrong / wrong[-1], right / right[-1])


def _precision_recall(label: Label, scores: Floats, is_positive: NDArray[np.bool_]) -> Curve:
    right, wrong = _above(scores, is_positive)
    right, wrong = right[1:], wrong[1:]  # where nothing is predicted there is no precision
    return _curve(label, right / right[-1], right / (right + wrong))


def _above(scores: Floats, is_positive: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return how many positive and how many other rows lie above each threshold, from the highest one down."""
    order = np.argsort(-scores, kind="stable")
    is_last = np.append(np.diff(scores[order]) != 0.0, True)  # of equal scores
    right = np.cumsum(is_positive[order])[is_last]
    wrong = np.cumsum(~is_positive[order])[is_last]
    return np.concatenate([[0.0], right]), np.concatenate([[0.0], wrong])


def _curve(label: Label, x: Floats, y: Floats) -> Curve:
    kept = np.unique(np.linspace(0, len(x) - 1, POINTS_MAX).round().astype(np.int64))
    return Curve(label=label, x=x[kept].tolist(), y=y[kept].tolist())
