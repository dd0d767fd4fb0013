"""How much nearer points lie to their own cluster than to the next one, and what each of them does to that.

Source:
    P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis"
    (1987). B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap": influences; to weigh all distances
    anew for each resample would take 200 times as long.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from infrastructure.evaluation.partitions import Influenced

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

_ROWS_AT_ONCE = 250
"""Of 2,000 points, the distances of so many to all take 4 MB."""


class Silhouettes(NamedTuple):
    """What is told of points in clusters.

    Attributes:
        values: Of shape (points,), from -1 to 1: above 0 where a point lies nearer to its own cluster; 0 for one
            that is alone in it.
        influences: Of shape (clusters, points): by how much the sum of the values of a cluster's points would grow
            if one more lay where this one does, that one's own value aside.
    """

    values: Floats
    influences: Floats

    def of_all(self) -> Influenced:
        """Return the mean."""
        mean = float(self.values.mean())
        return Influenced(mean, self.values - mean + self.influences.sum(axis=0))

    def of_cluster(self, cluster: int, codes: Codes) -> Influenced:
        """Return the mean of a cluster that has points."""
        is_here = codes == cluster
        mean = float(self.values[is_here].mean())
        own = np.where(is_here, self.values - mean, 0.0)
        return Influenced(mean, (own + self.influences[cluster]) * (len(codes) / is_here.sum()))


def silhouettes_of(points: Floats, clusterings: Sequence[Codes]) -> list[Silhouettes | None]:
    """Return the silhouettes of the same points in several clusterings.

    Args:
        points: Of shape (points, axes).
        clusterings: The cluster of each point, from 0.

    Returns:
        One for each clustering; None where all points are together, or each is alone.
    """
    measured = [_Measured(codes) if 1 < len(np.unique(codes)) < len(codes) else None for codes in clusterings]
    for rows, distances in _distances(points):
        for each in measured:
            if each is not None:
                each.add(rows, distances)
    return [None if each is None else Silhouettes(each.values, each.influences) for each in measured]


class _Measured:
    """Silhouettes of one clustering, some points at a time."""

    def __init__(self, codes: Codes) -> None:
        self._codes = codes
        self._members = (codes[:, np.newaxis] == np.arange(codes.max() + 1)).astype(np.float64)
        self._sizes = self._members.sum(axis=0)
        self._places = [np.flatnonzero(each) for each in self._members.T]
        self.values = np.zeros(len(codes))
        self.influences = np.zeros(self._members.T.shape)

    def add(self, rows: slice, distances: Floats) -> None:
        """Take the distances of some points to all, of shape (rows, points)."""
        own = self._codes[rows]
        places = np.arange(len(own))
        sums = distances @ self._members
        others = np.maximum(self._sizes[own] - 1.0, 1.0)
        within = sums[places, own] / others
        with np.errstate(divide="ignore", invalid="ignore"):
            means = np.where(self._sizes > 0.0, sums / self._sizes, np.inf)
        means[places, own] = np.inf
        nearest = means.argmin(axis=1)
        between = means[places, nearest]
        larger = np.maximum(within, between)
        is_told = (self._sizes[own] > 1.0) & (larger > 0.0)
        larger = np.where(is_told, larger, 1.0)
        self.values[rows] = np.where(is_told, (between - within) / larger, 0.0)
        # the silhouette is 1 less a ratio or a ratio less 1, whichever of both means is the larger one
        is_nearer = within < between
        by_within = np.where(is_nearer, -1.0 / larger, -between / larger**2) * is_told / others
        by_between = np.where(is_nearer, within / larger**2, 1.0 / larger) * is_told / self._sizes[nearest]
        for cluster, columns in enumerate(self._places):
            here = np.flatnonzero(own == cluster)
            if len(here):
                pulled = distances[np.ix_(here, columns)] - within[here, np.newaxis]
                self.influences[cluster, columns] += by_within[here] @ pulled
            here = np.flatnonzero(nearest == cluster)
            if len(here):
                pulled = distances[np.ix_(here, columns)] - between[here, np.newaxis]
                weights = self._members[rows][here] * by_between[here, np.newaxis]
                self.influences[:, columns] += weights.T @ pulled
        # a point is no neighbour of itself, which was taken for one at no distance
        self.influences[own, np.arange(rows.start, rows.start + len(own))] += by_within * within


def _distances(points: Floats) -> Iterator[tuple[slice, Floats]]:
    squares = np.square(points).sum(axis=1)
    for start in range(0, len(points), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        squared = squares[rows, np.newaxis] + squares - 2.0 * (points[rows] @ points.T)
        found = np.sqrt(np.maximum(squared, 0.0))
        found[np.arange(len(found)), np.arange(start, start + len(found))] = 0.0
        yield rows, found
