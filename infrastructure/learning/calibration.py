"""Probabilities that say how often a label is right, made from scores by a few numbers.

Source:
    Platt, "Probabilistic Outputs for Support Vector Machines" (1999); Zadrozny and Elkan, "Transforming Classifier
    Scores into Accurate Multiclass Probability Estimates" (2002), of which the share of each label is.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ISOTONIC, PLATT = "isotonic", "platt"
_SMALLEST = float(np.finfo(np.float64).eps)
_NEWTON_STEPS = 100
_NEWTON_DONE = 1e-12


class Curve(Protocol):
    """From the probability of a label, as trees say it, to how often the label is right."""

    def __call__(self, scores: Floats) -> Floats:
        """Return probabilities in the shape of the scores."""

    def settings(self) -> dict[str, Any]:
        """Return the numbers that make it."""


class Isotonic:
    """A line through points that never falls.

    Attributes:
        scores: Of the points, ascending.
        probabilities: Of the points.
    """

    def __init__(self, *, scores: Sequence[float], probabilities: Sequence[float]) -> None:
        self.scores = np.array(scores, dtype=np.float64)
        self.probabilities = np.array(probabilities, dtype=np.float64)

    def __call__(self, scores: Floats) -> Floats:
        """Return what lies on the line, or at its nearer end."""
        return np.interp(scores, self.scores, self.probabilities)

    def settings(self) -> dict[str, Any]:
        """Return the points."""
        return {"scores": self.scores.tolist(), "probabilities": self.probabilities.tolist()}

    @classmethod
    def fitted(cls, scores: Floats, is_right: NDArray[np.bool_]) -> "Isotonic":
        """Return the line nearest to what was right, by squares, found by pooling adjacent violators.

        No probability is nearer to 0 or 1 than so many rows can show.
        """
        places, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
        means = np.bincount(inverse, weights=is_right) / counts
        blocks: list[tuple[float, int, int]] = []  # mean, rows, first place
        for place, (mean, count) in enumerate(zip(means.tolist(), counts.tolist(), strict=True)):
            rows, first = count, place
            while blocks and blocks[-1][0] >= mean:
                before, before_rows, first = blocks.pop()
                mean = (before * before_rows + mean * rows) / (before_rows + rows)  # noqa: PLW2901 - pooled
                rows += before_rows
            blocks.append((mean, rows, first))
        firsts = [first for _, _, first in blocks]
        lasts = [*(first - 1 for first in firsts[1:]), len(places) - 1]
        ends = [sorted({first, last}) for first, last in zip(firsts, lasts, strict=True)]
        least = 1.0 / (len(scores) + 2)
        return cls(
            scores=[float(places[place]) for each in ends for place in each],
            probabilities=[
                min(max(mean, least), 1.0 - least)
                for (mean, _, _), each in zip(blocks, ends, strict=True)
                for _ in each
            ],
        )


class Platt:
    """A logistic curve over the log odds.

    Attributes:
        slope: Of the log odds.
        intercept: Added to them.
    """

    def __init__(self, *, slope: float, intercept: float) -> None:
        self.slope = slope
        self.intercept = intercept

    def __call__(self, scores: Floats) -> Floats:
        """Return what lies on the curve."""
        return _logistic(self.slope * _log_odds(scores) + self.intercept)

    def settings(self) -> dict[str, Any]:
        """Return slope and intercept."""
        return {"slope": self.slope, "intercept": self.intercept}

    @classmethod
    def fitted(cls, scores: Floats, is_right: NDArray[np.bool_]) -> "Platt":
        """Return the likeliest curve, by Newton's method, against targets drawn in from 0 and 1 as Platt does."""
        odds = _log_odds(scores)
        right = int(is_right.sum())
        targets = np.where(is_right, (right + 1.0) / (right + 2.0), 1.0 / (len(scores) - right + 2.0))
        slope, intercept = 0.0, float(np.log((right + 1.0) / (len(scores) - right + 1.0)))
        loss = _surprise(odds, targets, slope, intercept)
        for _ in range(_NEWTON_STEPS):
            said = _logistic(slope * odds + intercept)
            weights = said * (1.0 - said)
            off = targets - said
            # of the sums of squares, damped: rows whose scores are all the same tell nothing of a slope
            a, b, c = (float(np.sum(each)) for each in (weights * odds * odds, weights * odds, weights))
            a, c = a + 1e-9, c + 1e-9
            down, up = float(np.sum(off * odds)), float(np.sum(off))
            determinant = a * c - b * b
            step = ((c * down - b * up) / determinant, (a * up - b * down) / determinant)
            size = 1.0
            while size > _NEWTON_DONE:
                tried = slope + size * step[0], intercept + size * step[1]
                tried_loss = _surprise(odds, targets, *tried)
                if tried_loss <= loss:
                    break
                size /= 2.0
            else:
                break
            is_done = loss - tried_loss <= _NEWTON_DONE * abs(loss)
            (slope, intercept), loss = tried, tried_loss
            if is_done:
                break
        return cls(slope=slope, intercept=intercept)


class Calibration:
    """Curves for labels: one for the second of two, or one for each of more, scaled so that they add up to 1."""

    def __init__(self, kind: str, curves: Sequence[Curve]) -> None:
        self._kind = kind
        self._curves = tuple(curves)

    @classmethod
    def fitted(cls, kind: str, scores: Floats, truth: Floats) -> "Calibration":
        """Return the curves that rows tell.

        Args:
            kind: `isotonic` or `platt`.
            scores: Of shape (rows, labels), as trees say them.
            truth: Of shape (rows,): the places of the labels.
        """
        fit = _CURVES[kind].fitted
        return cls(kind, [fit(scores[:, label], truth == label) for label in _with_curves(scores)])

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Calibration":
        """Return the curves that settings hold.

        Raises:
            KeyError: A part is missing.
            ValueError: There is no such kind, or its numbers are none.
        """
        kind = settings["kind"]
        if kind not in _CURVES:
            msg = f"there is no calibration {kind!r}"
            raise ValueError(msg)
        try:
            return cls(kind, [_CURVES[kind](**each) for each in settings["curves"]])
        except TypeError as error:
            msg = f"its calibration is no {kind} one: {error}"
            raise ValueError(msg) from None

    def settings(self) -> dict[str, Any]:
        """Return the plain numbers that make it."""
        return {"kind": self._kind, "curves": [curve.settings() for curve in self._curves]}

    def __call__(self, scores: Floats) -> Floats:
        """Return the probabilities of shape (rows, labels) for scores of that shape."""
        found = np.empty_like(scores, order="C")
        for curve, label in zip(self._curves, _with_curves(scores), strict=True):
            found[:, label] = curve(scores[:, label])
        if len(self._curves) == 1:
            found[:, 0] = 1.0 - found[:, 1]
            return found
        sums = np.zeros(len(found))
        for label in range(found.shape[1]):  # one after the other: alone as among others
            sums += found[:, label]
        return found / sums[:, np.newaxis]


_CURVES: Mapping[str, Any] = {ISOTONIC: Isotonic, PLATT: Platt}


def _with_curves(scores: Floats) -> Sequence[int]:
    labels = scores.shape[1]
    return (1,) if labels == 2 else range(labels)  # noqa: PLR2004 - two


def _log_odds(scores: Floats) -> Floats:
    bounded = np.clip(scores, _SMALLEST, 1.0 - _SMALLEST)
    return np.log(bounded) - np.log1p(-bounded)


def _logistic(values: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-np.clip(values, -700.0, 700.0)))


def _surprise(odds: Floats, targets: Floats, slope: float, intercept: float) -> float:
    values = slope * odds + intercept
    return float(np.sum(np.logaddexp(0.0, values) - targets * values))
