"""The rows that trees forecast from: the same ones in training as when a forecast is asked for."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from domain.inference.values import Feature
from infrastructure.learning.frequencies import Frequency
from infrastructure.learning.lags import Lags, Past

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

Transform = Literal["none", "log"]
SERIES, EXOGENOUS = "series", "exogenous"
"""Features of an instance; as settings of a version, the names of its series, and what is known of a step."""
INPUTS = "inputs"
"""The setting that names the columns of the trees."""
_CALENDAR, _HAS_CHANGES = "calendar", "has_changes"


@dataclass(frozen=True, kw_only=True)
class ForecastInputs:
    """What trees are told of a step that is to be forecast.

    Attributes:
        lags: How far the series' past is looked at.
        past: The features of it.
        frequency: Of the steps.
        calendar: What of it is told of the step.
        has_series: Whether there are several series.
        exogenous: What else is known of the step.
        has_changes: Whether it is told as well how far that is from what it was seasons before.
    """

    lags: Lags
    past: tuple[str, ...]
    frequency: Frequency
    calendar: tuple[str, ...]
    has_series: bool
    exogenous: tuple[Feature, ...]
    has_changes: bool

    @classmethod
    def learned(
        cls, lags: Lags, frequency: Frequency, *, steps: int, has_series: bool, exogenous: tuple[Feature, ...]
    ) -> Self:
        """Return what trees are told that learn from series of so many steps at most."""
        return cls(
            lags=lags,
            past=lags.names,
            frequency=frequency,
            calendar=frequency.calendar(steps),
            has_series=has_series,
            exogenous=exogenous,
            has_changes=lags.season > 1 and any(each.categories is None for each in exogenous),
        )

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> Self:
        """Return what was written; versions of release 0.3.0 had all of the calendar, and no changes.

        Raises:
            ValueError, TypeError, AttributeError, KeyError: It is none.
        """
        frequency = Frequency.read(settings["frequency"])
        found = cls(
            lags=Lags(season=int(settings["season"]), longer=int(settings["longer_season"])),
            past=(),
            frequency=frequency,
            calendar=tuple(settings.get(_CALENDAR, frequency.calendar(sys.maxsize))),
            has_series=settings[SERIES] is not None,
            exogenous=tuple(Feature.model_validate(each) for each in settings[EXOGENOUS]),
            has_changes=bool(settings.get(_HAS_CHANGES, False)),
        )
        names = settings[INPUTS]
        return replace(found, past=tuple(names[: len(names) - len(found.names)]))

    def written(self) -> dict[str, Any]:
        """Return it as the settings of a manifest have it, all but the names of the series."""
        return {
            "frequency": self.frequency.written(),
            "season": self.lags.season,
            "longer_season": self.lags.longer,
            _CALENDAR: list(self.calendar),
            EXOGENOUS: [each.model_dump(mode="json") for each in self.exogenous],
            _HAS_CHANGES: self.has_changes,
            INPUTS: list(self.names),
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns, in their order."""
        series = (SERIES,) if self.has_series else ()
        exogenous = tuple(each.name for each in self.exogenous)
        kinds = ("change", "longer_change")[: len(self._seasons)]
        changes = tuple(f"{self.exogenous[place].name}_{kind}" for kind in kinds for place in self._numbers)
        return (*self.past, *self.calendar, *series, *exogenous, *changes)

    @property
    def categorical(self) -> list[int]:
        """The places of columns whose numbers are codes."""
        first = len(self.past) + len(self.calendar)
        places = [first] if self.has_series else []
        first += len(places)
        return places + [first + place for place, each in enumerate(self.exogenous) if each.categories is not None]

    def rows(
        self, past: Past, origins: Integers, steps: Integers, *, first: int, code: int, exogenous: Floats
    ) -> Floats:
        """Return rows of shape (origins, names).

        Args:
            past: Of the series.
            origins: Places in it.
            steps: How many ahead, from 1.
            first: The step of the series' place 0.
            code: Of the series.
            exogenous: What else is known of the places in the series, and of those behind it that are forecast, of
                shape (places, exogenous).
        """
        calendar = self.frequency.calendar_of(first + origins + steps, self.calendar)
        columns = [past.features(origins, steps, self.past), calendar]
        if self.has_series:
            columns.append(np.full((len(origins), 1), float(code)))
        columns.append(exogenous[origins + steps])
        for season in self._seasons:
            before = past.before(origins, steps, season)
            numbers = exogenous[:, self._numbers]
            then = np.where(before[:, np.newaxis] < 0, np.nan, numbers[np.maximum(before, 0)])
            columns.append(numbers[origins + steps] - then)
        return np.hstack(columns)

    @property
    def _seasons(self) -> tuple[int, ...]:
        """Those over which changes are told."""
        if not self.has_changes:
            return ()
        return (self.lags.season, self.lags.longer) if self.lags.longer else (self.lags.season,)

    @property
    def _numbers(self) -> list[int]:
        """The places among what else is known of a step that have no categories."""
        return [place for place, each in enumerate(self.exogenous) if each.categories is None]


def transformed(values: Floats, transform: Transform) -> Floats:
    """Return values as trees see them."""
    return np.log(values) if transform == "log" else values


def restored(values: Floats, transform: Transform) -> Floats:
    """Return values as the data have them."""
    return np.exp(values) if transform == "log" else values
