"""Parts of a version that are arrays of numbers: little-endian float64, row by row."""

import numpy as np
from numpy.typing import NDArray

from infrastructure.learning.artifact import Parts, part_of
from infrastructure.learning.manifest import Manifest, Part

Floats = NDArray[np.float64]


def array_of(manifest: Manifest, parts: Parts, name: str, *, may_miss: bool = False) -> Floats:
    """Return a part that is an array.

    Args:
        manifest: Says of which shape it is.
        parts: Has it.
        name: Its name.
        may_miss: Whether NaN stands for a value that is missing.

    Raises:
        ValueError: It has another number of elements than the manifest says, or one that is no number.
        KeyError: There is none.
    """
    shape = manifest.parts[name].shape
    if shape is None:
        msg = f"its part {name!r} is to be an array, and has no shape"
        raise ValueError(msg)
    found = np.frombuffer(parts[name], dtype="<f8").reshape(shape).astype(np.float64)
    if np.isinf(found).any() or (np.isnan(found).any() and not may_miss):
        msg = f"its part {name!r} holds what is no number"
        raise ValueError(msg)
    return found


def array_part(values: Floats) -> tuple[bytes, Part]:
    """Return the bytes of an array, and what a manifest says of them."""
    content = values.astype("<f8").tobytes()
    return content, part_of(content, shape=values.shape)
