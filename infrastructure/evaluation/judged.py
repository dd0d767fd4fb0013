"""What a model said of rows whose truth is known."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from infrastructure.learning.losses import RowLoss
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
        losses: Of numbers, what else their truth and score are judged by, beside what any number is.
    """

    truth: Floats
    scores: Floats
    chosen: Places | None
    losses: Mapping[str, RowLoss] = field(default_factory=dict)

    @classmethod
    def of_model(cls, held_out: HeldOut) -> Self:
        """Return what the model said."""
        return cls(truth=held_out.truth, scores=held_out.scores, chosen=_chosen(held_out), losses=held_out.losses)

    def at(self, places: NDArray[np.bool_]) -> Self:
        """Return the same of some of the rows."""
        chosen = None if self.chosen is None else self.chosen[places]
        return replace(self, truth=self.truth[places], scores=self.scores[places], chosen=chosen)

    @classmethod
    def of_baseline(cls, held_out: HeldOut) -> Self:
        """Return what is said without learning."""
        chosen = None if held_out.labels is None else held_out.baseline.argmax(axis=1)
        return cls(truth=held_out.truth, scores=held_out.baseline, chosen=chosen, losses=held_out.losses)


def _chosen(held_out: HeldOut) -> Places | None:
    if held_out.labels is None:
        return None
    return held_out.scores.argmax(axis=1) if held_out.chosen is None else held_out.chosen
