"""Where rows of mixed features lie, so that one number tells how far they are from each other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from domain.inference.values import Feature, FeatureType

CATEGORIES_MAX = 20
"""So many values of a category have an axis of their own; the others lie where a missing one does."""

SCALES = 3
"""Numbers by which a feature is scaled."""

_FAR = 1e6
"""In units of a feature: what is farther away counts as so far, and its square is a number still."""
_CATEGORY_UNIT = math.sqrt(2.0)
"""Two categories are then as far from each other as true is from false."""
_NO_CATEGORY = -1.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Space:
    """Turns rows into points: numbers are scaled to a common width, each category has an axis.

    Attributes:
        features: What the columns of rows are.
        scales: Of shape (features, 3): what stands for a missing value, the center, and the unit.
    """

    features: tuple[Feature, ...]
    scales: Floats

    @cached_property
    def axes(self) -> tuple[slice, ...]:
        """The axes of each feature."""
        ends = np.cumsum([0, *(_width(each) for each in self.features)]).tolist()
        return tuple(map(slice, ends, ends[1:]))

    def points(self, rows: Floats) -> Floats:
        """Return points of shape (rows, axes) for rows of shape (rows, features), NaN where a value is missing."""
        found = np.empty((len(rows), self.axes[-1].stop))
        for column, feature, (fill, center, unit), axes in zip(
            rows.T, self.features, self.scales.tolist(), self.axes, strict=True
        ):
            known = np.where(np.isfinite(column), column, fill)
            if feature.categories is None:
                with np.errstate(over="ignore"):  # what overflows is far away
                    found[:, axes.start] = np.clip((known - center) / unit, -_FAR, _FAR)
            else:
                found[:, axes] = (known[:, np.newaxis] == np.arange(_width(feature))) / unit
        return found


def space_of(features: Sequence[Feature], rows: Floats) -> Space:
    """Return the space that these rows span.

    A missing number lies at the median. Numbers are scaled by their standard deviation, or not at all where they
    are all the same.

    Raises:
        OverflowError: The standard deviation of a feature, which is named, is not a number.
    """
    scales = [_scales_of(each, column) for each, column in zip(features, rows.T, strict=True)]
    return Space(tuple(features), np.array(scales, dtype=np.float64))


def squared_distances(points: Floats, centroids: Floats) -> Floats:
    """Return the squares of shape (points, centroids), for a point the same alone and among others."""
    return np.stack([np.square(points - each).sum(axis=1) for each in centroids], axis=1)


def _width(feature: Feature) -> int:
    return 1 if feature.categories is None else len(feature.categories)


def _scales_of(feature: Feature, column: Floats) -> tuple[float, float, float]:
    if feature.categories is not None:
        return _NO_CATEGORY, 0.0, _CATEGORY_UNIT
    known = column[np.isfinite(column)]
    if known.size == 0:
        return 0.0, 0.0, 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        fill, center, unit = float(np.median(known)), float(known.mean()), float(known.std())
    if feature.type is FeatureType.BOOLEAN:
        return fill, 0.0, 1.0
    if not math.isfinite(unit + fill):
        raise OverflowError(feature.name)
    # of equal numbers, rounding may leave a deviation that is none
    return fill, center, unit if known.min() < known.max() and unit > 0.0 else 1.0
