"""How wide intervals are that hold a share of what is to come, whatever its distribution.

Source:
    V. Vovk, A. Gammerman and G. Shafer, "Algorithmic Learning in a Random World": split conformal prediction.
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ERRORS_MIN = 20
"""Of fewer errors, those of the steps around count as well."""


def half_width(errors: Floats, share: float) -> float:
    """Return the half width that holds the share of further errors: the largest error where they are too few.

    Args:
        errors: Their sizes, at least one.
        share: Between 0 and 1.
    """
    rank = min(len(errors), math.ceil((len(errors) + 1) * share))
    return float(np.partition(errors, rank - 1)[rank - 1])


def half_widths(errors: Floats, steps: NDArray[np.int64], *, horizon: int, share: float) -> Floats:
    """Return the half width for each step, of shape (horizon,).

    Args:
        errors: Their sizes.
        steps: How far ahead each was made, from 1.
        horizon: The last step.
        share: Between 0 and 1.
    """
    order = np.argsort(steps, kind="stable")
    sizes, sorted_steps = errors[order], steps[order]
    found = np.empty(horizon)
    for step in range(1, horizon + 1):
        reach = 0
        while True:
            begin = np.searchsorted(sorted_steps, step - reach, side="left")
            end = np.searchsorted(sorted_steps, step + reach, side="right")
            if end - begin >= min(ERRORS_MIN, len(sizes)):
                break
            reach += 1
        found[step - 1] = half_width(sizes[begin:end], share)
    return found
