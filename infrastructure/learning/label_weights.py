"""How much rows weigh by their labels."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def balancing(codes: Floats) -> Floats:
    """Return weights with which every label weighs the same, and all rows as much as without."""
    places = codes.astype(np.intp)
    counts = np.bincount(places)
    weights: Floats = (len(places) / (len(counts) * counts))[places]
    return weights
