"""How good forecasts were of what is known by now.

Source:
    R. J. Hyndman and G. Athanasopoulos, "Forecasting: Principles and Practice": rolling origins, scaled errors.
"""

import numpy as np
from numpy.typing import NDArray

from application.ports.work import WorkFailed
from infrastructure.learning.backtests import Backtests
from infrastructure.learning.boosting import DIVERGED
from infrastructure.learning.conformal import half_widths
from infrastructure.learning.forecasting import Backtest
from infrastructure.learning.lags import scale_of
from infrastructure.learning.series import Panel
from infrastructure.learning.trained import HeldOut

Floats = NDArray[np.float64]


def widths_of(backtest: Backtest, *, horizon: int, share: float) -> Floats:
    """Return the half widths of intervals by step, in units of the series' scales.

    Raises:
        WorkFailed: `training.diverged`.
    """
    errors = _errors_of(backtest)
    if not np.isfinite(errors).all():
        raise WorkFailed(DIVERGED, code="training.diverged")
    return half_widths(errors, backtest.pairs.steps, horizon=horizon, share=share)


def forecast_metrics(
    panel: Panel, backtest: Backtest, held_out: HeldOut, backtests: Backtests, *, share: float
) -> dict[str, float]:
    """Return figures of all backtests, of the seasonal naive forecast (`baseline_…`), and of the intervals.

    `mase` is in units of what the seasonal naive forecast is off a season ahead on what the earliest backtest
    knows, `smape` goes from 0 to 2. `coverage` is what intervals hold that were made of the other backtests.

    Args:
        panel: The series.
        backtest: What was forecast.
        held_out: The same rows, in that order.
        backtests: What was tried.
        share: Of the values, that intervals are to hold.

    Raises:
        WorkFailed: `training.diverged`.
    """
    metrics = {}
    for prefix, said in (("", held_out.scores[:, 0]), ("baseline_", held_out.baseline[:, 0])):
        off = np.abs(said - held_out.truth)
        metrics[f"{prefix}rmse"] = float(np.sqrt(np.square(off).mean()))
        metrics[f"{prefix}mae"] = float(off.mean())
        for name, values in _relative_errors(panel, backtest, backtests, said, held_out.truth).items():
            metrics[f"{prefix}{name}"] = float(values.mean())
    if len(np.unique(backtest.folds)) > 1:
        metrics["coverage"] = float(_is_covered(backtest, share).mean())
    if not np.isfinite(list(metrics.values())).all():
        raise WorkFailed(DIVERGED, code="training.diverged")
    return metrics


def forecast_means(
    panel: Panel, backtest: Backtest, held_out: HeldOut, backtests: Backtests, *, share: float
) -> dict[str, Floats]:
    """Return what `mase`, `smape` and `coverage` are the means of, each of shape (rows,)."""
    means = _relative_errors(panel, backtest, backtests, held_out.scores[:, 0], held_out.truth)
    if len(np.unique(backtest.folds)) > 1:
        means["coverage"] = _is_covered(backtest, share)
    return means


def _relative_errors(
    panel: Panel, backtest: Backtest, backtests: Backtests, said: Floats, truth: Floats
) -> dict[str, Floats]:
    off, size = np.abs(said - truth), np.abs(said) + np.abs(truth)
    return {
        "mase": off / _mase_scales(panel, backtest, backtests),
        "smape": np.divide(2.0 * off, size, out=np.zeros(len(off)), where=size > 0),
    }


def _errors_of(backtest: Backtest) -> Floats:
    sizes: Floats = np.abs(backtest.predicted - backtest.truth) / backtest.scale
    return sizes


def _mase_scales(panel: Panel, backtest: Backtest, backtests: Backtests) -> Floats:
    scales = np.empty(len(backtest.pairs))
    for code, part in backtest.pairs.by_series():
        values = panel.series[code].values
        known = backtests.known(len(values), backtests.folds)
        scales[part] = scale_of(values, known=known, season=backtests.lags.season)
    return scales


def _is_covered(backtest: Backtest, share: float) -> Floats:
    """Return 1 for each value within intervals made of the backtests that do not hold it, 0 for all others."""
    errors, steps, covered = _errors_of(backtest), backtest.pairs.steps, np.zeros(len(backtest.pairs))
    for fold in np.unique(backtest.folds):
        is_held = backtest.folds == fold
        widths = half_widths(errors[~is_held], steps[~is_held], horizon=int(steps[is_held].max()), share=share)
        covered[is_held] = errors[is_held] <= widths[steps[is_held] - 1]
    return covered
