"""What a step of a series is forecast from: its past up to some origin, and how many steps that lies back.

One model answers for all steps: each looks back to the same origin, so no forecast rests on another one.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

Base = Literal["level", "last", "seasonal", "longer", "drift"]
BASES: tuple[Base, ...] = ("level", "last", "seasonal", "longer", "drift")

_LAGS_MIN, _LAGS_MAX = 8, 24
_FEW = 3


@dataclass(frozen=True, kw_only=True)
class Lags:
    """Which values of the past are looked at.

    Attributes:
        season: Steps after which a series repeats itself; 1 where it does not.
        longer: A longer season that a series may have beside it, as days have weeks; 0 for none.
    """

    season: int
    longer: int = 0

    @property
    def count(self) -> int:
        """So many of the newest values are features themselves."""
        return min(max(self.season, _LAGS_MIN), _LAGS_MAX)

    @property
    def window(self) -> int:
        """The level of a series is the mean of so many values."""
        return self.season if self.season > 1 else _LAGS_MIN

    @property
    def memory(self) -> int:
        """So many values are looked at, at most."""
        return max(2 * self.window, self.count, self.longer)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the features, in the order of their columns."""
        seasonal = ("season_before", "two_seasons_before", "step_of_season") if self.season > 1 else ()
        longer = ("longer_season_before",) if self.longer else ()
        newest = tuple(f"lag_{place}" for place in range(1, self.count + 1))
        return ("step", *newest, *seasonal, *longer, "growth", "newest_mean")


class Past:
    """What is known of one series.

    Args:
        values: By step, NaN where one is missing.
        lags: Which of them are looked at.
        scale: In whose units differences are told.
    """

    def __init__(self, values: Floats, *, lags: Lags, scale: float) -> None:
        self.values = values
        self.scale = scale
        self._lags = lags

    def features(self, origins: Integers, steps: Integers) -> Floats:
        """Return the features of so many steps behind origins, of shape (origins, names); NaN where unknown.

        Args:
            origins: The last places that are known, of shape (origins,).
            steps: From 1, of the same shape.
        """
        level = self._level[origins]
        newest = [self._at(origins - place) - level for place in range(self._lags.count)]
        seasonal = []
        if self._lags.season > 1:
            before = self._before(origins, steps, self._lags.season)
            seasonal = [self._at(before) - level, self._at(before - self._lags.season) - level]
        longer = []
        if self._lags.longer:
            longer = [self._at(self._before(origins, steps, self._lags.longer)) - level]
        differences = [*newest, *seasonal, *longer, self._growth(origins), self._newest_mean[origins] - level]
        columns = [each / self.scale for each in differences]
        if seasonal:
            columns.insert(self._lags.count + 2, ((steps - 1) % self._lags.season + 1).astype(np.float64))
        return np.column_stack([steps, *columns])

    def base(self, base: Base, origins: Integers, steps: Integers) -> Floats:
        """Return what a forecast begins with; the level where that is not known."""
        level = self._level[origins]
        if base == "level":
            return level
        season = self._lags.longer or self._lags.season if base == "longer" else self._lags.season
        before = self._at(origins if base == "last" else self._before(origins, steps, season))
        if base == "drift":
            seasons = np.ceil(steps / self._lags.season)
            before = before + self._growth(origins) * seasons * self._lags.season / self._lags.window
        return np.where(np.isnan(before), level, before)

    @cached_property
    def _level(self) -> Floats:
        return means(self.values, self._lags.window)

    @cached_property
    def _newest_mean(self) -> Floats:
        return means(self.values, _FEW)

    def _growth(self, origins: Integers) -> Floats:
        before = origins - self._lags.window
        return self._level[origins] - np.where(before < 0, np.nan, self._level[np.maximum(before, 0)])

    @staticmethod
    def _before(origins: Integers, steps: Integers, season: int) -> Integers:
        """Return the last places up to origins that are whole seasons before the steps."""
        return origins + steps - season * -(-steps // season)

    def _at(self, places: Integers) -> Floats:
        return np.where(places < 0, np.nan, self.values[np.maximum(places, 0)])


def means(values: Floats, window: int) -> Floats:
    """Return the mean of the known ones of so many values up to each; NaN where there is none."""
    is_known = ~np.isnan(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(is_known, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(is_known)])
    ends = np.arange(1, len(values) + 1)
    begins = np.maximum(ends - window, 0)
    with np.errstate(invalid="ignore"):
        found: Floats = (sums[ends] - sums[begins]) / (counts[ends] - counts[begins])
    return found


def scale_of(values: Floats, *, season: int) -> float:
    """Return how far values are as a rule from those of a season before; 1 where they do not differ."""
    for apart in (season, 1):
        differences = np.abs(values[apart:] - values[:-apart])
        if not np.isnan(differences).all() and (found := float(np.nanmean(differences))) > 0.0:
            return found
    return 1.0
