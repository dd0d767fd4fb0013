"""Classifications in memory."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from application.ports.predictor import Predicted, Predictor, Row, Rows
from domain.inference.values import AnswerKind, Label
from infrastructure.learning.artifact import Parts
from infrastructure.learning.calibration import Calibration
from infrastructure.learning.manifest import CALIBRATION, THRESHOLD, Manifest
from infrastructure.learning.predictors.tabular import Codes, Floats, TabularPredictor, trees_and_schema
from infrastructure.learning.threshold import EVEN


def load(manifest: Manifest, parts: Parts) -> Predictor:
    """Return what answers with a label.

    Raises:
        KeyError: A part of a setting is missing.
        ValueError: LightGBM refuses the trees, or they or the settings are not what the manifest says.
    """
    assert manifest.labels is not None, "a classification has labels"
    calibration = manifest.settings.get(CALIBRATION)
    common = {
        **trees_and_schema(manifest, parts),
        "labels": manifest.labels,
        "calibration": None if calibration is None else Calibration.of(calibration),
    }
    if len(manifest.labels) == 2:  # noqa: PLR2004 - two
        return TwoLabelsPredictor(**common, threshold=float(manifest.settings.get(THRESHOLD, EVEN)))
    return ManyLabelsPredictor(**common)


class ClassificationPredictor(TabularPredictor):
    """Answers with a label.

    Args:
        labels: In the order of their codes.
        calibration: What scores are as probabilities; None where they are already.
        common: As for all.
    """

    answers = AnswerKind.LABELS
    labels: tuple[Label, ...]

    def __init__(self, *, labels: tuple[Label, ...], calibration: Calibration | None, **common: Any) -> None:
        super().__init__(**common)
        self.labels = labels
        self._calibration = calibration

    def predict(self, rows: Rows) -> Predicted:
        """Return the labels for rows, and their probabilities."""
        scores = self._scores(rows)
        if self._calibration is not None:
            scores = self._calibration(scores)
        chosen = self._chosen(scores)
        return Predicted(
            predictions=[self.labels[code] for code in chosen.tolist()],
            probabilities=scores[np.arange(len(rows)), chosen].tolist(),
            scores=scores,
            chosen=chosen,
        )

    @abstractmethod
    def _scores(self, rows: Rows) -> Floats:
        """Return the probabilities of shape (rows, labels), as the trees say them."""

    @abstractmethod
    def _chosen(self, scores: Floats) -> Codes:
        """Return the places of the labels that are predicted."""

    def _calibrated(self, scores: list[float]) -> list[float]:
        """Return the probabilities of one row."""
        if self._calibration is None:
            return scores
        found: list[float] = self._calibration(np.array([scores]))[0].tolist()
        return found


class TwoLabelsPredictor(ClassificationPredictor):
    """Answers with the second label above a threshold of its probability, else with the first.

    Args:
        threshold: The probability.
        common: As for all.
    """

    def __init__(self, *, threshold: float, **common: Any) -> None:
        super().__init__(**common)
        self._threshold = threshold

    def predict_row(self, row: Row) -> tuple[Label, float | None, Sequence[float]]:
        """Return the label for one row, its probability, and those of both labels."""
        second = self._trees.scores_of_row(row)[0]  # LightGBM gives one score: the probability of the second
        scores = self._calibrated([1.0 - second, second])
        code = scores[1] > self._threshold
        return self.labels[code], scores[code], scores

    def explain(self, rows: Rows, chosen: Codes | None) -> Floats:
        """Return the contributions to the raw scores of the labels chosen, with the bias last."""
        assert chosen is not None, "a classification chooses"
        # the one score is that of the second label; what speaks for it speaks against the first
        return self._contributions(rows)[:, 0, :] * np.where(chosen == 0, -1.0, 1.0)[:, np.newaxis]

    def _scores(self, rows: Rows) -> Floats:
        scores = self._trees.scores(rows.numbers)
        return np.hstack([1.0 - scores, scores])

    def _chosen(self, scores: Floats) -> Codes:
        chosen: Codes = (scores[:, 1] > self._threshold).astype(np.intp)
        return chosen


class ManyLabelsPredictor(ClassificationPredictor):
    """Answers with the most probable label; of equally probable ones, with the first."""

    def predict_row(self, row: Row) -> tuple[Label, float | None, Sequence[float]]:
        """Return the label for one row, its probability, and those of all labels."""
        scores = self._calibrated(self._trees.scores_of_row(row))
        probability = max(scores)
        return self.labels[scores.index(probability)], probability, scores

    def explain(self, rows: Rows, chosen: Codes | None) -> Floats:
        """Return the contributions to the raw scores of the labels chosen, with the bias last."""
        assert chosen is not None, "a classification chooses"
        return self._contributions(rows)[np.arange(len(rows)), chosen]

    def _scores(self, rows: Rows) -> Floats:
        return self._trees.scores(rows.numbers)

    def _chosen(self, scores: Floats) -> Codes:
        chosen: Codes = scores.argmax(axis=1)
        return chosen
