"""How good forecasts were of what is known by now.

Source:
    R. J. Hyndman and G. Athanasopoulos, "Forecasting: Principles and Practice": rolling origins, scaled errors.
"""

from collections.abc import Sequence

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


def widths_of(found: Sequence[Backtest], *, horizon: int, share: float) -> Floats:
    """Return the half widths of intervals by step, in units of the series' scales.

    Raises:
        WorkFailed: `training.diverged`.
    """
    errors = np.concatenate([_errors_of(each) for each in found])
    if not np.isfinite(errors).all():
        raise WorkFailed(DIVERGED, code="training.diverged")
    return half_widths(errors, np.concatenate([each.pairs.steps for each in found]), horizon=horizon, share=share)


def forecast_metrics(
    panel: Panel, found: Sequence[Backtest], held_out: HeldOut, backtests: Backtests, *, share: float
) -> dict[str, float]:
    """Return figures of all backtests, of the seasonal naive forecast (`baseline_…`), and of the intervals.

    `mase` is in units of what the seasonal naive forecast is off a season ahead on what the earliest backtest
    knows, `smape` goes from 0 to 2. `coverage` is what intervals hold that were made of the other backtests.

    Args:
        panel: The series.
        found: Each backtest.
        held_out: The rows of all of them, in that order.
        backtests: What was tried.
        share: Of the values, that intervals are to hold.

    Raises:
        WorkFailed: `training.diverged`.
    """
    scales = np.concatenate([_mase_scales(panel, each, backtests) for each in found])
    metrics = {}
    for prefix, said in (("", held_out.scores[:, 0]), ("baseline_", held_out.baseline[:, 0])):
        off = np.abs(said - held_out.truth)
        size = np.abs(said) + np.abs(held_out.truth)
        metrics[f"{prefix}rmse"] = float(np.sqrt(np.square(off).mean()))
        metrics[f"{prefix}mae"] = float(off.mean())
        metrics[f"{prefix}mase"] = float((off / scales).mean())
        relative = np.divide(2.0 * off, size, out=np.zeros(len(off)), where=size > 0)
        metrics[f"{prefix}smape"] = float(relative.mean())
    if len(found) > 1:
        metrics["coverage"] = _coverage(found, share)
    if not np.isfinite(list(metrics.values())).all():
        raise WorkFailed(DIVERGED, code="training.diverged")
    return metrics


def _errors_of(backtest: Backtest) -> Floats:
    sizes: Floats = np.abs(backtest.predicted - backtest.truth) / backtest.scale
    return sizes


def _mase_scales(panel: Panel, backtest: Backtest, backtests: Backtests) -> Floats:
    scales = np.empty(len(backtest.pairs))
    for code, part in backtest.pairs.by_series():
        values = panel.series[code].values
        known = values[: backtests.known(len(values), backtests.folds)]
        scales[part] = scale_of(known if len(known) > 1 else values, season=backtests.lags.season)
    return scales


def _coverage(found: Sequence[Backtest], share: float) -> float:
    """Return what share of the values lies within intervals made of the backtests that do not hold them."""
    held = total = 0
    for each in found:
        others = [other for other in found if other is not each]
        widths = widths_of(others, horizon=int(each.pairs.steps.max()), share=share)
        held += int((_errors_of(each) <= widths[each.pairs.steps - 1]).sum())
        total += len(each.pairs)
    return held / total
