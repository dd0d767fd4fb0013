"""Intervals that need no resamples, because a formula has them."""

import math

import numpy as np
from numpy.typing import NDArray

_NORMAL = 1.96
"""Standard deviations on both sides of the mean that 95 of 100 draws lie between."""


def share_interval(hits: float, rows: int) -> tuple[float, float]:
    """Return where a share lies that was found in some rows: none of few is not never.

    Source:
        E. B. Wilson, "Probable inference, the law of succession, and statistical inference" (1927).
    """
    share, squared = hits / rows, _NORMAL**2
    center = (share + squared / (2 * rows)) / (1 + squared / rows)
    half = _NORMAL / (1 + squared / rows) * math.sqrt(share * (1 - share) / rows + squared / (4 * rows**2))
    return max(0.0, min(share, center - half)), min(1.0, max(share, center + half))


def mean_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return where the mean of such values lies."""
    mean, half = float(values.mean()), _NORMAL * float(values.std()) / math.sqrt(len(values))
    return mean - half, mean + half
