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
    LabelFigures,
    Residuals,
)
from domain.inference.values import Label
from infrastructure.evaluation.closed_forms import mean_interval, share_interval
from infrastructure.evaluation.judged import Judged
from infrastructure.evaluation.shortening import shortened
from infrastructure.learning.losses import MEAN
from infrastructure.learning.trained import HeldOut

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
        labels=[shortened(labels[code]) for code in shown],
        has_others=len(labels) > others,
        counts=counts[:size, :size].tolist(),
    )


def figures_of_labels(judged: Judged, labels: Sequence[Label]) -> list[LabelFigures]:
    """Return how well each of the most frequent labels is told from all others."""
    assert judged.chosen is not None, "labels are chosen"
    codes = judged.truth.astype(np.int64)
    found = []
    for code in _most_frequent(codes, len(labels), _LABELS_MAX):
        rows, predicted = int((codes == code).sum()), int((judged.chosen == code).sum())
        right = int(((codes == code) & (judged.chosen == code)).sum())
        precision, recall = _share(right, predicted), _share(right, rows)
        found.append(
            LabelFigures(
                label=shortened(labels[code]),
                rows=rows,
                predicted=predicted,
                precision=precision[0],
                precision_low=precision[1],
                precision_high=precision[2],
                recall=recall[0],
                recall_low=recall[1],
                recall_high=recall[2],
                f1=2.0 * right / max(1, rows + predicted),
            )
        )
    return found


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
    drawn = [(shortened(labels[code]), judged.scores[:, code], codes == code) for code in shown]
    drawn = [each for each in drawn if 0 < each[2].sum() < len(codes)]
    if is_binary:
        calibration = _calibration(judged.scores[:, 1], codes == 1, label=shortened(labels[1]))
    else:
        top = judged.scores.max(axis=1)
        calibration = _calibration(top, judged.scores.argmax(axis=1) == codes, label=None)
    return Curves(
        roc=[_roc(label, scores, is_positive) for label, scores, is_positive in drawn],
        precision_recall=[_precision_recall(label, scores, is_positive) for label, scores, is_positive in drawn],
        calibration=calibration,
    )


def curves_of_numbers(judged: Judged, held_out: HeldOut) -> Curves:
    """Return how means hold on average, and how the errors of numbers grow with the steps that they look ahead.

    Args:
        judged: Rows.
        held_out: The same, with what is said of them without learning.
    """
    by_step = []
    baseline, steps = held_out.baseline, held_out.steps
    errors, of_baseline = judged.scores[:, 0] - judged.truth, baseline[:, 0] - judged.truth
    for step in [] if steps is None else np.unique(steps).tolist():
        is_here = steps == step
        low, high = mean_interval(np.abs(errors[is_here]))
        by_step.append(
            HorizonError(
                step=step,
                rows=int(is_here.sum()),
                mae=float(np.abs(errors[is_here]).mean()),
                rmse=float(np.sqrt(np.square(errors[is_here]).mean())),
                baseline_mae=float(np.abs(of_baseline[is_here]).mean()),
                mae_low=max(0.0, low),
                mae_high=high,
            )
        )
    calibration = None
    if held_out.statistic == MEAN:  # medians and quantiles are not met on average
        calibration = _calibration(judged.scores[:, 0], judged.truth, label=None)
    return Curves(calibration=calibration, error_by_horizon=by_step)


def _share(hits: int, rows: int) -> tuple[float, float, float] | tuple[None, None, None]:
    return (hits / rows, *share_interval(hits, rows)) if rows else (None, None, None)


def _most_frequent(codes: NDArray[np.int64], labels: int, count: int) -> list[int]:
    """Return the most frequent labels, in their own order."""
    frequencies = np.bincount(codes, minlength=labels)
    return sorted(np.argsort(-frequencies, kind="stable")[:count].tolist())


def _calibration(said: Floats, true: NDArray[np.generic], *, label: Label | None) -> Calibration:
    """Return bins of as many rows each, as far as equal predictions stay together."""
    order = np.argsort(said, kind="stable")
    ends = np.searchsorted(said[order], np.quantile(said, np.linspace(0.0, 1.0, _BINS + 1)[1:-1]), side="right")
    parts = np.split(order, np.unique(ends))
    bins = [_bin(said[part], true[part]) for part in parts if len(part)]
    error = sum(each.rows * abs(each.predicted - each.observed) for each in bins) / len(said)
    return Calibration(label=label, bins=bins, error=error)


def _bin(said: Floats, true: NDArray[np.generic]) -> CalibrationBin:
    observed = float(true.mean())
    if true.dtype == np.bool_:
        low, high = share_interval(float(true.sum()), len(true))
    else:
        low, high = mean_interval(true.astype(np.float64))
    return CalibrationBin(predicted=float(said.mean()), observed=observed, rows=len(said), low=low, high=high)


def _roc(label: Label, scores: Floats, is_positive: NDArray[np.bool_]) -> Curve:
    right, wrong = _above(scores, is_positive)
    across, upwards = wrong / wrong[-1], right / right[-1]
    area = float((np.diff(across) * (upwards[1:] + upwards[:-1])).sum() / 2.0)
    return _curve(label, across, upwards, area=area)


def _precision_recall(label: Label, scores: Floats, is_positive: NDArray[np.bool_]) -> Curve:
    right, wrong = _above(scores, is_positive)
    right, wrong = right[1:], wrong[1:]  # where nothing is predicted there is no precision
    recall, precision = right / right[-1], right / (right + wrong)
    area = float((np.diff(recall, prepend=0.0) * precision).sum())
    return _curve(label, recall, precision, area=area, base=float(is_positive.mean()))


def _above(scores: Floats, is_positive: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return how many positive and how many other rows lie above each threshold, from the highest one down."""
    order = np.argsort(-scores, kind="stable")
    is_last = np.append(np.diff(scores[order]) != 0.0, True)  # of equal scores
    right = np.cumsum(is_positive[order])[is_last]
    wrong = np.cumsum(~is_positive[order])[is_last]
    return np.concatenate([[0.0], right]), np.concatenate([[0.0], wrong])


def _curve(label: Label, x: Floats, y: Floats, *, area: float, base: float | None = None) -> Curve:
    kept = np.unique(np.linspace(0, len(x) - 1, POINTS_MAX).round().astype(np.int64))
    return Curve(label=label, x=x[kept].tolist(), y=y[kept].tolist(), area=area, base=base)
