"""Figures of rows in clusters, each with what every row does to it: from that, intervals are found.

An influence is what a figure would grow by with the share of a row among all rows, so that influences add up to 0.

Source:
    T. Caliński and J. Harabasz, "A dendrite method for cluster analysis" (1974); L. Hubert and P. Arabie,
    "Comparing partitions" (1985): the figures are those of `sklearn.metrics`. B. Efron and R. J. Tibshirani, "An
    Introduction to the Bootstrap": influences.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


class Influenced(NamedTuple):
    """A figure.

    Attributes:
        influences: Of shape (rows,).
    """

    value: float
    influences: Floats


class Parted(NamedTuple):
    """How far rows lie from the middle of their cluster, and of all rows.

    Attributes:
        within: Squared distances to the mean of the cluster, of shape (rows, axes).
        total: Squared distances to the mean of all rows, of shape (rows, axes).
        clusters: How many have a row.
    """

    within: Floats
    total: Floats
    clusters: int


def parted(points: Floats, codes: Codes) -> Parted:
    """Return how points lie in their clusters."""
    total = np.square(points - points.mean(axis=0))
    within = np.empty_like(points)
    clusters = np.unique(codes)
    for cluster in clusters:
        here = codes == cluster
        within[here] = np.square(points[here] - points[here].mean(axis=0))
    return Parted(within, total, len(clusters))


def inertia(found: Parted) -> Influenced:
    """Return the sum of the squared distances to the means of clusters."""
    squares = found.within.sum(axis=1)
    return Influenced(float(squares.sum()), len(squares) * (squares - squares.mean()))


def calinski_harabasz(found: Parted) -> Influenced | None:
    """Return how far clusters lie apart for how wide they are; None where they are one, or points."""
    squares = found.within.sum(axis=1)
    apart = found.total.sum(axis=1) - squares
    within, between, rows = squares.sum(), apart.sum(), len(squares)
    if not (1 < found.clusters < rows and within > 0.0 and between > 0.0):
        return None
    value = float(between / (found.clusters - 1) / (within / (rows - found.clusters)))
    return Influenced(value, value * rows * (apart / between - squares / within))


def adjusted_rand(codes: Codes, others: Codes) -> Influenced | None:
    """Return how alike two clusterings of the same rows are; None where both put all rows together, or none.

    The figure is 1 where they are the same, and 0 where they agree as by chance.
    """
    rows = len(codes)
    overlap = overlap_of(codes, others).astype(np.float64)
    here, there = overlap.sum(axis=1), overlap.sum(axis=0)
    pairs, both, one, other = (_pairs(each) for each in (np.array([rows]), overlap, here, there))
    by_chance, most = one * other / pairs, (one + other) / 2.0
    if not most > by_chance:
        return None
    value = (both - by_chance) / (most - by_chance)
    # with the share of a row, the pairs grow that it is part of
    of_both, of_one, of_other = overlap[codes, others] - 0.5, here[codes] - 0.5, there[others] - 0.5
    of_chance = (of_one * other + one * of_other - by_chance * (rows - 0.5)) / pairs
    of_most = (of_one + of_other) / 2.0
    influences = (of_both - of_chance - value * (of_most - of_chance)) / (most - by_chance) * rows
    return Influenced(float(value), influences - influences.mean())


def overlap_of(codes: Codes, others: Codes) -> NDArray[np.int64]:
    """Return how many rows are in both of two clusters, of shape (clusters, others)."""
    columns = int(others.max()) + 1
    size = (int(codes.max()) + 1) * columns
    return np.bincount(codes * columns + others, minlength=size).reshape(-1, columns)


def _pairs(counts: Floats) -> float:
    """Return how many pairs there are within groups of these sizes."""
    return float((counts * (counts - 1.0)).sum() / 2.0)
