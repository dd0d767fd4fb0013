"""From the scores of trees to what is answered: probabilities, and the labels that are predicted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from application.ports.work import WorkFailed
from domain.training.hyperparameters.classification import Classification
from domain.training.hyperparameters.nlp import Nlp
from infrastructure.learning.calibration import Calibration
from infrastructure.learning.manifest import CALIBRATION, THRESHOLD
from infrastructure.learning.metrics import Codes
from infrastructure.learning.threshold import EVEN, best_threshold

Floats = NDArray[np.float64]

_PARTS = 5


class Decided(NamedTuple):
    """What is said of rows.

    Attributes:
        probabilities: Of shape (rows, labels).
        chosen: Of shape (rows,): the places of the labels that are predicted.
    """

    probabilities: Floats
    chosen: Codes


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How scores become answers.

    Attributes:
        calibration: None where scores are the probabilities.
        threshold: Above it the second of two labels is predicted; None where the most probable one is.
    """

    calibration: Calibration | None
    threshold: float | None

    @classmethod
    def found(cls, asked: Classification | Nlp, scores: Floats, truth: Floats) -> "Decision":
        """Return what was asked for, found on rows where they tell.

        Args:
            asked: The settings.
            scores: Of shape (rows, labels), as trees say them.
            truth: Of shape (rows,): the places of the labels.
        """
        calibration = None
        if asked.calibration != "none":
            calibration = Calibration.fitted(asked.calibration, scores, truth)
            scores = calibration(scores)
        if scores.shape[1] > 2:  # noqa: PLR2004 - a threshold is between two
            return cls(calibration=calibration, threshold=None)
        threshold = best_threshold(truth, scores[:, 1]) if asked.threshold == "auto" else asked.threshold
        return cls(calibration=calibration, threshold=threshold)

    def __call__(self, scores: Floats) -> Decided:
        """Return what is said of rows of these scores."""
        said = scores if self.calibration is None else self.calibration(scores)
        if self.threshold is None:
            return Decided(said, said.argmax(axis=1))
        return Decided(said, (said[:, 1] > self.threshold).astype(np.intp))

    def settings(self) -> dict[str, Any]:
        """Return the plain numbers that make it."""
        found: dict[str, Any] = {}
        if self.calibration is not None:
            found[CALIBRATION] = self.calibration.settings()
        if self.threshold is not None:
            found[THRESHOLD] = self.threshold
        return found


def decided_unseen(asked: Classification | Nlp, scores: Floats, truth: Floats) -> Decided:
    """Return what is said of rows that did not tell how: of each fifth, as found on the other four.

    On their own rows, a calibration and a threshold would be as right as can be, whatever they are on others.
    """
    part_of_row = np.random.default_rng(asked.seed).permutation(len(truth)) % _PARTS
    probabilities, chosen = np.empty_like(scores, order="C"), np.empty(len(truth), dtype=np.intp)
    for part in range(_PARTS):
        is_in = part_of_row == part
        if is_in.any():
            others = ~is_in if not is_in.all() else is_in  # a row that is alone has no others
            decision = Decision.found(asked, scores[others], truth[others])
            probabilities[is_in], chosen[is_in] = decision(scores[is_in])
    return Decided(probabilities, chosen)


def notes_on(decision: Decision, asked: Classification | Nlp) -> Iterator[str]:
    """Yield what a reader of the report is to know of it, in sentences."""
    told = []
    if decision.calibration is not None:
        told.append("calibrations")
        yield "Probabilities are calibrated on the rows held out."
    if decision.threshold is not None and asked.threshold == "auto":
        told.append("thresholds")
        if decision.threshold != EVEN:
            yield (
                f"The second label is predicted above a probability of {decision.threshold:.4g}, which has the "
                "best F1 on the rows held out."
            )
    if told:
        yield (
            f"The figures are of {' and '.join(told)} that have not seen their row: of each fifth of the rows, "
            "those that the others tell."
        )


def require_use_of_threshold(asked: Classification | Nlp, *, labels: int) -> None:
    """Raise WorkFailed for a threshold that is between no two labels."""
    if labels > 2 and asked.threshold not in ("auto", EVEN):  # noqa: PLR2004 - a threshold is between two
        message = (
            f"A threshold of {asked.threshold:g} is between two labels, the target has {labels}: leave it out."
        )
        raise WorkFailed(message, code="training.needless-threshold")
