"""What a step of a series is forecast from: its past up to some origin, and how many steps that lies back.

One model answers for all steps: each looks back to the same origin, so no forecast rests on another one.
"""

from collections.abc import Sequence
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
_LAG = "lag_"


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
        return max(2 * self.window, self.count, max(self.season, self.longer) + _FEW)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the features, in the order of their columns."""
        newest = tuple(f"{_LAG}{place}" for place in range(1, self.count + 1))
        found = ["step", *newest, "growth", "newest_mean"]
        if self.season > 1:
            found += ["step_of_season", "season_before", "two_seasons_before", "newest_growth"]
        if self.longer:
            found += ["longer_season_before", "newest_longer_growth"]
        return tuple(found)


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

    def features(self, origins: Integers, steps: Integers, names: Sequence[str]) -> Floats:
        """Return the features of so many steps behind origins, of shape (origins, names); NaN where unknown.

        Args:
            origins: The last places that are known, of shape (origins,).
            steps: From 1, of the same shape.
            names: Of the features, some of `Lags.names` in any order.

        Raises:
            ValueError: There is no such feature.
        """
        level = self._level[origins]
        return np.column_stack([self._feature(name, origins, steps, level) for name in names])

    def before(self, origins: Integers, steps: Integers, season: int) -> Integers:
        """Return the last places up to origins that are whole seasons before the steps; below 0, there is none."""
        return origins + steps - season * -(-steps // season)

    def base(self, base: Base, origins: Integers, steps: Integers) -> Floats:
        """Return what a forecast begins with; the level where that is not known."""
        level = self._level[origins]
        if base == "level":
            return level
        season = self._lags.longer or self._lags.season if base == "longer" else self._lags.season
        before = self._at(origins if base == "last" else self.before(origins, steps, season))
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

    def _feature(self, name: str, origins: Integers, steps: Integers, level: Floats) -> Floats | Integers:
        season, longer = self._lags.season, self._lags.longer
        match name:
            case "step":
                return steps
            case "step_of_season":
                return (steps - 1) % season + 1
            case "growth":
                return self._growth(origins) / self.scale
            case "newest_growth":
                return self._newest_growth(origins, season) / self.scale
            case "newest_longer_growth":
                return self._newest_growth(origins, longer) / self.scale
            case "newest_mean":
                found = self._newest_mean[origins]
            case "season_before":
                found = self._at(self.before(origins, steps, season))
            case "two_seasons_before":
                found = self._at(self.before(origins, steps, season) - season)
            case "longer_season_before":
                found = self._at(self.before(origins, steps, longer))
            case _:
                place = name.removeprefix(_LAG)
                if not name.startswith(_LAG) or not place.isdecimal():
                    msg = f"there is no feature {name!r} of a series' past"
                    raise ValueError(msg)
                found = self._at(origins - (int(place) - 1))
        return (found - level) / self.scale

    def _growth(self, origins: Integers) -> Floats:
        before = origins - self._lags.window
        return self._level[origins] - np.where(before < 0, np.nan, self._level[np.maximum(before, 0)])

    def _newest_growth(self, origins: Integers, season: int) -> Floats:
        """Return how far the newest values are from those a season before, on average; NaN where none is known."""
        grown = np.array([self._at(origins - place) - self._at(origins - place - season) for place in range(_FEW)])
        is_known = ~np.isnan(grown)
        with np.errstate(invalid="ignore"):
            found: Floats = np.where(is_known, grown, 0.0).sum(axis=0) / is_known.sum(axis=0)
        return found

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


def scale_of(values: Floats, *, known: int, season: int) -> float:
    """Return how far values are as a rule from those of a season before, as far as they are known.

    Where these do not differ it is said of all values: a series whose unit is small for want of known ones would
    count for more than all others. It is 1 where none differ.

    Args:
        values: By step, NaN where one is missing.
        known: So many of them, from the first.
        season: In steps.
    """
    for part in (values[:known], values):
        for apart in (season, 1):
            differences = np.abs(part[apart:] - part[:-apart])
            if not np.isnan(differences).all() and (found := float(np.nanmean(differences))) > 0.0:
                return found
    return 1.0
