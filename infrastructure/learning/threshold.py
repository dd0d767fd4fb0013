"""Above which probability the second of two labels is predicted."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EVEN = 0.5


def best_threshold(truth: Floats, probabilities: Floats) -> float:
    """Return the threshold with the best macro F1, of equally good ones that nearest to 0.5.

    Args:
        truth: Of shape (rows,): 1 where the second label is right, else 0.
        probabilities: Of shape (rows,), of the second label.

    Returns:
        0.5, or a number in the middle between two probabilities.
    """
    order = np.argsort(probabilities, kind="stable")
    ordered = probabilities[order]
    is_second = truth[order] == 1.0
    # cutting after `cuts` rows: those before are predicted as the first label, all others as the second
    cuts = np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1, [len(ordered)]])
    seconds_below = np.concatenate([[0], np.cumsum(is_second)])[cuts]
    seconds = int(is_second.sum())
    firsts = len(truth) - seconds
    firsts_below = cuts - seconds_below
    scores = _f1(firsts_below, firsts + cuts) + _f1(seconds - seconds_below, seconds + len(truth) - cuts)
    if ordered[0] <= 0.0:
        scores[0] = -1.0  # no threshold lies below it
    even = np.searchsorted(cuts, np.searchsorted(ordered, EVEN, side="right"))
    if scores[even] == scores.max():
        return EVEN
    below, above = ordered[cuts[1:-1] - 1], ordered[cuts[1:-1]]
    middle = (below + above) / 2.0
    candidates = np.concatenate([[0.0], np.where(middle < above, middle, below), [1.0]])
    best = np.flatnonzero(scores == scores.max())
    return float(candidates[best[np.argmin(np.abs(candidates[best] - EVEN))]])


def _f1(right: NDArray[np.int64], counted: NDArray[np.int64]) -> Floats:
    """Return 2 · right ÷ (in the rows + predicted); 0 of a label that is neither."""
    return 2.0 * right / np.maximum(counted, 1)
