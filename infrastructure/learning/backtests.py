"""How far back a forecast is tried on what is known already."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.ports.work import WorkFailed
from domain.training.hyperparameters.time_series import TimeSeries
from infrastructure.learning.frequencies import Frequency
from infrastructure.learning.lags import Lags

HORIZON_WITHOUT_SEASON = 12
_HORIZONS_IN_SERIES = 5
_FOLDS_MIN, _FOLDS_MAX = 3, 20
"""Where none are asked for, a fifth of the longest series is tried, within these bounds."""


@dataclass(frozen=True, kw_only=True)
class Backtests:
    """What is tried.

    Attributes:
        lags: What of the past is looked at.
        horizon: So many steps ahead.
        folds: So many times, each a horizon earlier than the one before.
        notes: What is not as one would expect, in sentences.
    """

    lags: Lags
    horizon: int
    folds: int
    notes: tuple[str, ...]

    def known(self, length: int, fold: int) -> int:
        """Return how many values of a series are known when the fold begins; fold 0 begins behind the last."""
        return max(0, length - fold * self.horizon)

    def folds_of(self, length: int, origins: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the folds that these origins in a series belong to, from 1, the latest one."""
        return -((origins + 1 - length) // self.horizon)


def backtests_for(asked: TimeSeries, lengths: Sequence[int], frequency: Frequency) -> Backtests:
    """Return what series of these lengths allow.

    Args:
        asked: The settings.
        lengths: Of the series, in steps.
        frequency: Of their steps.

    Raises:
        WorkFailed: `training.too-few-rows`.
    """
    longest, notes = max(lengths), []
    season = asked.season or frequency.season
    if longest < 2 * season + 2:
        notes.append(f"Two seasons of {season} steps are not known of any series: none was looked for.")
        season = 1
    longer = frequency.longer_season if season == frequency.season else 0
    lags = Lags(season=season, longer=longer if longest >= 2 * longer + 2 else 0)
    usual = season if season > 1 else HORIZON_WITHOUT_SEASON
    horizon = asked.horizon or max(1, min(usual, longest // _HORIZONS_IN_SERIES))
    if longest < lags.window + 2 + horizon:
        message = (
            f"The longest series has {longest} steps: to look {horizon} ahead and be held against what is known "
            f"takes {lags.window + 2 + horizon}. Ask for a shorter horizon, or bring more of the past."
        )
        raise WorkFailed(message, code="training.too-few-rows")
    usual_folds = max(_FOLDS_MIN, min(longest // (_HORIZONS_IN_SERIES * horizon), _FOLDS_MAX))
    # half of the values at least are to be learned from before any backtest
    folds = min(asked.folds or usual_folds, (longest - lags.window - 2) // horizon, longest // (2 * horizon) or 1)
    if folds < (asked.folds or _FOLDS_MIN):
        wanted = f"{asked.folds} backtests that were asked for" if asked.folds else f"usual {_FOLDS_MIN} backtests"
        notes.append(f"The series are long enough for {folds} of the {wanted}.")
    return Backtests(lags=lags, horizon=horizon, folds=folds, notes=tuple(notes))
