"""The rows that trees forecast from: the same ones in training as when a forecast is asked for."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from domain.inference.values import Feature
from infrastructure.learning.frequencies import Frequency
from infrastructure.learning.lags import Lags, Past

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

Transform = Literal["none", "log"]
SERIES = "series"
INPUTS = "inputs"
"""The setting that names the columns of the trees."""


@dataclass(frozen=True, kw_only=True)
class ForecastInputs:
    """What trees are told of a step that is to be forecast.

    Attributes:
        lags: What of the series' past.
        frequency: Gives the calendar of the step.
        has_series: Whether there are several series.
        exogenous: What else is known of the step.
    """

    lags: Lags
    frequency: Frequency
    has_series: bool
    exogenous: tuple[Feature, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns, in their order."""
        series = (SERIES,) if self.has_series else ()
        return (*self.lags.names, *self.frequency.calendar, *series, *(each.name for each in self.exogenous))

    @property
    def categorical(self) -> list[int]:
        """The places of columns whose numbers are codes."""
        first = len(self.lags.names) + len(self.frequency.calendar)
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
            exogenous: What is known of the steps that are forecast, of shape (origins, exogenous).
        """
        columns = [past.features(origins, steps), self.frequency.calendar_of(first + origins + steps)]
        if self.has_series:
            columns.append(np.full((len(origins), 1), float(code)))
        return np.hstack([*columns, exogenous])


def transformed(values: Floats, transform: Transform) -> Floats:
    """Return values as trees see them."""
    return np.log(values) if transform == "log" else values


def restored(values: Floats, transform: Transform) -> Floats:
    """Return values as the data have them."""
    return np.exp(values) if transform == "log" else values
