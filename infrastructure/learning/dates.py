"""Instants as trees can use them: a feature that is one number of seconds is several columns to the trees.

Source:
    Hinnant, "chrono-Compatible Low-Level Date Algorithms" (from days to the Gregorian calendar).
"""

from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from application.ports.predictor import Row
from domain.inference.values import FeatureType
from infrastructure.learning.trees import Trees

Floats = NDArray[np.float64]

PARTS = ("days since 1970", "year", "month", "day of the month", "weekday from Monday as 0", "hour")
"""What an instant becomes, by the clock of UTC."""

_DAY_S, _HOUR_S = 86_400, 3_600
_FIRST_S, _LAST_S = -62_135_596_800.0, 253_402_300_799.0
"""The years 1 to 9999; what lies beyond counts as the nearest of them."""


def parts_of(seconds: Floats) -> Floats:
    """Return the parts, of shape (rows, parts), of instants of shape (rows,); NaN where one is missing."""
    is_missing = np.isnan(seconds)
    whole = np.floor(np.clip(np.where(is_missing, 0.0, seconds), _FIRST_S, _LAST_S)).astype(np.int64)
    parts = np.stack(_parts(whole), axis=1).astype(np.float64)
    parts[is_missing] = np.nan
    return parts


def _parts_of_one(seconds: float | None) -> list[float]:
    if seconds is None or seconds != seconds:  # noqa: PLR0124 - NaN
        return [nan] * len(PARTS)
    bounded = min(max(seconds, _FIRST_S), _LAST_S)
    return [float(part) for part in _parts(int(bounded // 1))]


def _parts(seconds: Any) -> tuple[Any, ...]:
    """Return the parts of whole seconds: of one number, or of an array of them."""
    days = seconds // _DAY_S
    since_march = (
        days + 719_468
    )  # the first of March of the year 0, after which a leap day is the last of its year
    era = since_march // 146_097
    day_of_era = since_march - era * 146_097
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    is_after_december = month_from_march >= 10  # noqa: PLR2004 - January and February end the year before
    month = month_from_march + 3 - 12 * is_after_december
    year = year_of_era + era * 400 + is_after_december
    day = day_of_year - (153 * month_from_march + 2) // 5 + 1
    return days, year, month, day, (days + 3) % 7, (seconds - days * _DAY_S) // _HOUR_S


class Layout:
    """Which columns of the trees each feature is.

    Args:
        types: Those of the features, as `FeatureType` names them.

    Attributes:
        width: How many columns there are.
        categorical: Those whose numbers are codes.
        has_dates: Whether there are more columns than features.
    """

    def __init__(self, types: Sequence[str]) -> None:
        self._is_date = [each == FeatureType.DATETIME for each in types]
        widths = [len(PARTS) if is_date else 1 for is_date in self._is_date]
        self._begins = [sum(widths[:place]) for place in range(len(widths))]
        self.width = sum(widths)
        self.has_dates = any(self._is_date)
        self.categorical = [
            begin for begin, each in zip(self._begins, types, strict=True) if each == FeatureType.CATEGORICAL
        ]

    def put(self, matrix: Floats, place: int, values: Floats) -> None:
        """Write the values of a feature, by its place, into its columns."""
        begin = self._begins[place]
        if self._is_date[place]:
            matrix[:, begin : begin + len(PARTS)] = parts_of(values)
        else:
            matrix[:, begin] = values

    def rows(self, matrix: Floats) -> Floats:
        """Return rows of shape (rows, width) for such of shape (rows, features)."""
        found = np.empty((len(matrix), self.width), dtype=np.float64)
        for place in range(matrix.shape[1]):
            self.put(found, place, matrix[:, place])
        return found

    def row(self, row: Row) -> list[float | None]:
        """Return the same for one row."""
        found: list[float | None] = []
        for is_date, value in zip(self._is_date, row, strict=True):
            if is_date:
                found += _parts_of_one(value)
            else:
                found.append(value)
        return found

    def summed(self, contributions: Floats) -> Floats:
        """Return what features contributed, of shape (…, features + 1), for what columns did; the bias is last."""
        found: Floats = np.add.reduceat(contributions, [*self._begins, self.width], axis=-1)
        return found


class DatedTrees:
    """Trees, asked with instants as one number each."""

    def __init__(self, trees: Trees, layout: Layout) -> None:
        self._trees = trees
        self._layout = layout

    def scores_of_row(self, row: Row) -> list[float]:
        """Return the scores of one row, as many as there are per row."""
        return self._trees.scores_of_row(self._layout.row(row))

    def scores(self, matrix: Floats) -> Floats:
        """Return the scores of shape (rows, scores), of a matrix of shape (rows, features)."""
        return self._trees.scores(self._layout.rows(matrix))

    def contributions(self, matrix: Floats) -> Floats:
        """Return the contributions of shape (rows, scores, features + 1); the last is the bias."""
        return self._layout.summed(self._trees.contributions(self._layout.rows(matrix)))
