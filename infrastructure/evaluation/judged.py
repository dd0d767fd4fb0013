"""What a model said of rows whose truth is known."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from infrastructure.learning.trained import HeldOut

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Predictions beside the truth.

    Attributes:
        truth: Of shape (rows,): the place of the label, or the number.
        scores: Of shape (rows, labels), the probability of each; of numbers, of shape (rows, 1).
        chosen: Of shape (rows,): the place of the label that was predicted; None for numbers.
    """

    truth: Floats
    scores: Floats
    chosen: Places | None

    @classmethod
    def of_model(cls, held_out: HeldOut) -> Self:
        """Return what the model said."""
        return cls(truth=held_out.truth, scores=held_out.scores, chosen=_chosen(held_out))

    @classmethod
    def of_baseline(cls, held_out: HeldOut) -> Self:
        """Return what is said without learning."""
        chosen = None if held_out.labels is None else held_out.baseline.argmax(axis=1)
        return cls(truth=held_out.truth, scores=held_out.baseline, chosen=chosen)


def _chosen(held_out: HeldOut) -> Places | None:
    if held_out.labels is None:
        return None
    return held_out.scores.argmax(axis=1) if held_out.chosen is None else held_out.chosen
