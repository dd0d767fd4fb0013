"""Some of the rows that were held out, the same ones every time."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from infrastructure.learning.trained import HeldOut

ROWS_MAX = 10_000


def sample_of(held_out: HeldOut, *, seed: int) -> HeldOut:
    """Return at most 10,000 of the rows held out, in their order."""
    count = len(held_out.truth)
    if count <= ROWS_MAX:
        return held_out
    return at(held_out, np.sort(np.random.default_rng(seed).choice(count, ROWS_MAX, replace=False)))


def evenly(held_out: HeldOut, *, count: int) -> HeldOut:
    """Return so many of the rows, from all over them; all where there are no more."""
    rows = len(held_out.truth)
    return held_out if rows <= count else at(held_out, np.arange(count) * rows // count)


def at(held_out: HeldOut, rows: NDArray[np.int64]) -> HeldOut:
    """Return the rows at these places, which ascend."""
    return replace(
        held_out,
        table=held_out.table.take(pa.array(rows)),
        truth=held_out.truth[rows],
        scores=held_out.scores[rows],
        baseline=held_out.baseline[rows],
        chosen=None if held_out.chosen is None else held_out.chosen[rows],
        steps=None if held_out.steps is None else held_out.steps[rows],
        means={name: values[rows] for name, values in held_out.means.items()},
        origins=None
        if held_out.origins is None
        else replace(held_out.origins, pairs=held_out.origins.pairs.where(rows)),
    )
