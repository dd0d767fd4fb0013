"""Classifications and regressions in memory, answering as plain LightGBM answers, bit for bit."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from application.ports.predictor import Predicted, Predictor, Row, Rows
from domain.inference.conformance import Schema
from domain.inference.values import OBJECTS, AnswerKind, Label
from infrastructure.learning.artifact import Parts
from infrastructure.learning.bare_lightgbm import lightgbm as lgb
from infrastructure.learning.manifest import TREES, Manifest
from infrastructure.learning.trees import Trees, seconds_per_row, trees_of

PLATFORM = "lightgbm_text"

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


def load(manifest: Manifest, parts: Parts) -> Predictor:
    """Return what answers with trees.

    Raises:
        ValueError: LightGBM refuses them, or they are not what the manifest says.
    """
    body = parts[TREES]
    try:
        booster = lgb.Booster(model_str=body.decode())
    except (lgb.basic.LightGBMError, ValueError) as error:
        msg = f"LightGBM refuses its body: {error}"
        raise ValueError(msg) from None
    mismatch = _mismatch(manifest, booster)
    if mismatch is not None:
        raise ValueError(mismatch)
    trees = trees_of(booster)
    common: dict[str, Any] = {
        "schema": Schema(manifest.features),
        "trees": trees,
        "size_bytes": len(body),
        "row_cost_s": seconds_per_row(trees, booster),
    }
    if manifest.labels is None:
        return RegressionPredictor(**common)
    return ClassificationPredictor(**common, labels=manifest.labels)


class _LightGBMPredictor(ABC):
    """What all have in common.

    Args:
        schema: What an instance must look like.
        trees: What answers.
        size_bytes: About how much memory they take.
        row_cost_s: About how long one row takes.
    """

    answers: AnswerKind
    labels: tuple[Label, ...] | None
    platform = PLATFORM

    def __init__(self, *, schema: Schema, trees: Trees, size_bytes: int, row_cost_s: float) -> None:
        self.schema = schema
        self.explained = schema.names
        self.size_bytes = size_bytes
        self.row_cost_s = row_cost_s
        self._trees = trees
        self._explaining = Lock()

    @abstractmethod
    def predict_row(self, row: Row) -> tuple[Label, float | None, Sequence[float]]:
        """Return the prediction for one row, its probability, and its scores."""

    @abstractmethod
    def predict(self, rows: Rows) -> Predicted:
        """Return the predictions for rows."""

    @abstractmethod
    def explain(self, rows: Rows, chosen: Codes | None) -> Floats:
        """Return the contributions to the raw scores of what was chosen, with the bias last."""

    def _contributions(self, rows: Rows) -> Floats:
        """Return the contributions to all raw scores, of shape (rows, scores, features + 1).

        One call at a time: LightGBM recomputes the depths of the shared trees at the start of each, and
        another call would size its buffers by a depth that is half computed.
        """
        with self._explaining:
            return self._trees.contributions(rows.numbers)


class RegressionPredictor(_LightGBMPredictor):
    """Answers with a number."""

    answers = AnswerKind.NUMBERS
    labels = None

    def predict_row(self, row: Row) -> tuple[Label, float | None, Sequence[float]]:
        """Return the number for one row, which is its score."""
        scores = self._trees.scores_of_row(row)
        return scores[0], None, scores

    def predict(self, rows: Rows) -> Predicted:
        """Return the numbers for rows."""
        scores = self._trees.scores(rows.numbers)
        return Predicted(predictions=scores[:, 0].tolist(), probabilities=None, scores=scores, chosen=None)

    def explain(self, rows: Rows, chosen: Codes | None) -> Floats:
        """Return the contributions to the numbers, with the bias last."""
        return self._contributions(rows)[:, 0, :]


class ClassificationPredictor(_LightGBMPredictor):
    """Answers with the most probable label; of equally probable ones, with the first.

    Args:
        labels: In the order of their codes.
        common: As for all.
    """

    answers = AnswerKind.LABELS
    labels: tuple[Label, ...]

    def __init__(self, *, labels: tuple[Label, ...], **common: Any) -> None:
        super().__init__(**common)
        self.labels = labels
        self._is_binary = len(labels) == 2  # noqa: PLR2004 - two

    def predict_row(self, row: Row) -> tuple[Label, float | None, Sequence[float]]:
        """Return the label for one row, its probability, and those of all labels."""
        scores = self._trees.scores_of_row(row)
        if self._is_binary:  # LightGBM gives one score for two labels: the probability of the second
            scores.insert(0, 1.0 - scores[0])
        probability = max(scores)
        return self.labels[scores.index(probability)], probability, scores

    def predict(self, rows: Rows) -> Predicted:
        """Return the labels for rows, and their probabilities."""
        scores = self._trees.scores(rows.numbers)
        if self._is_binary:
            scores = np.hstack([1.0 - scores, scores])
        chosen = scores.argmax(axis=1)
        probabilities = scores[np.arange(len(rows)), chosen]
        return Predicted(
            predictions=[self.labels[code] for code in chosen.tolist()],
            probabilities=probabilities.tolist(),
            scores=scores,
            chosen=chosen,
        )

    def explain(self, rows: Rows, chosen: Codes | None) -> Floats:
        """Return the contributions to the raw scores of the labels chosen, with the bias last."""
        assert chosen is not None, "a classification chooses"
        contributions = self._contributions(rows)
        if self._is_binary:
            # the one score is that of the second label; what speaks for it speaks against the first
            return contributions[:, 0, :] * np.where(chosen == 0, -1.0, 1.0)[:, np.newaxis]
        return contributions[np.arange(len(rows)), chosen]


def _mismatch(manifest: Manifest, booster: lgb.Booster) -> str | None:
    for feature in manifest.features:
        if feature.type in OBJECTS:
            return f"feature {feature.name!r} is of type {feature.type}, which no tree learns from"
    scores = 1 if manifest.labels is None or len(manifest.labels) == 2 else len(manifest.labels)  # noqa: PLR2004 - binary
    expected = {
        "features": (len(manifest.features), booster.num_feature()),
        "scores per round": (scores, booster.num_model_per_iteration()),
        "rounds": (manifest.best_iteration, booster.current_iteration()),
    }
    for what, (said, found) in expected.items():
        if said != found:
            return f"its manifest speaks of {said} {what}, its body has {found}"
    return None
