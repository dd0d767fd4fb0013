"""Versions in memory, answering as plain LightGBM answers, bit for bit."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from application.ports.artifacts import ArtifactStore
from application.ports.predictor import Predictor
from domain.inference.conformance import Schema
from domain.inference.values import Label, Prediction
from infrastructure.learning.artifact import Manifest, load, unreadable
from infrastructure.learning.bare_lightgbm import lightgbm as lgb

Floats = NDArray[np.float64]


class LightGBMPredictorLoader:
    """Loads what training kept in the artifact store."""

    def __init__(self, *, artifacts: ArtifactStore) -> None:
        self._artifacts = artifacts

    def load(self, artifact_url: str) -> Predictor:
        """Return the predictor of an artifact, verified by its hashes; nothing in it is executed.

        Raises:
            ArtifactUnavailable: It is not there, not what its hash says, or its parts do not fit.
        """
        manifest, body = load(self._artifacts, artifact_url)
        try:
            booster = lgb.Booster(model_str=body)
        except (lgb.basic.LightGBMError, ValueError) as error:
            raise unreadable(artifact_url, f"LightGBM refuses its body: {error}") from None
        mismatch = _mismatch(manifest, booster)
        if mismatch is not None:
            raise unreadable(artifact_url, mismatch)
        scores = _Scores(booster, features=len(manifest.features), size_bytes=len(body))
        schema = Schema(manifest.features)
        if manifest.labels is None:
            return RegressionPredictor(schema=schema, scores=scores)
        return ClassificationPredictor(schema=schema, scores=scores, labels=manifest.labels)


class _LightGBMPredictor(ABC):
    """What all have in common: a schema, and scores to make answers of."""

    def __init__(self, *, schema: Schema, scores: "_Scores") -> None:
        self._schema = schema
        self._scores = scores

    @property
    def schema(self) -> Schema:
        """What an instance must look like."""
        return self._schema

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        return self._scores.size_bytes

    def predict(self, rows: Sequence[Sequence[float]], *, explain: bool) -> list[Prediction]:
        """Return one prediction per row."""
        return self._answers(self._scores.matrix(rows), explain=explain) if rows else []

    @abstractmethod
    def _answers(self, matrix: Floats, *, explain: bool) -> list[Prediction]:
        """Return one prediction per row of a matrix that has rows."""


class ClassificationPredictor(_LightGBMPredictor):
    """Answers with the most probable label; of equally probable ones, with the first."""

    def __init__(self, *, schema: Schema, scores: "_Scores", labels: tuple[Label, ...]) -> None:
        super().__init__(schema=schema, scores=scores)
        self._labels = labels

    def _answers(self, matrix: Floats, *, explain: bool) -> list[Prediction]:
        given = self._scores.predict(matrix)
        # LightGBM gives one column for two classes: the probability of the second
        probabilities = given if given.ndim > 1 else np.column_stack([1.0 - given, given])
        chosen = probabilities.argmax(axis=1)
        likeliest = probabilities[np.arange(len(chosen)), chosen].tolist()
        explanations = self._explanations(matrix, chosen) if explain else [None] * len(chosen)
        return [
            Prediction(prediction=self._labels[code], probability=probability, explanation=explanation)
            for code, probability, explanation in zip(chosen.tolist(), likeliest, explanations, strict=True)
        ]

    def _explanations(self, matrix: Floats, chosen: NDArray[np.intp]) -> list[dict[str, float]]:
        contributions = self._scores.contributions(matrix)
        if contributions.shape[1] == 1:
            # the one score is that of the second class; what speaks for it speaks against the first
            signs = np.where(chosen == 0, -1.0, 1.0)
            of_chosen = contributions[:, 0, :] * signs[:, np.newaxis]
        else:
            of_chosen = contributions[np.arange(len(chosen)), chosen]
        return _named(self._schema.names, of_chosen)


class RegressionPredictor(_LightGBMPredictor):
    """Answers with a number."""

    def _answers(self, matrix: Floats, *, explain: bool) -> list[Prediction]:
        numbers = self._scores.predict(matrix).tolist()
        if not explain:
            return [Prediction(prediction=number) for number in numbers]
        explanations = _named(self._schema.names, self._scores.contributions(matrix)[:, 0, :])
        return [
            Prediction(prediction=number, explanation=explanation)
            for number, explanation in zip(numbers, explanations, strict=True)
        ]


class _Scores:
    """A booster that several threads may ask."""

    def __init__(self, booster: lgb.Booster, *, features: int, size_bytes: int) -> None:
        self._booster = booster
        self._features = features
        self._explaining = Lock()
        self.size_bytes = size_bytes

    def matrix(self, rows: Sequence[Sequence[float]]) -> Floats:
        return np.array(rows, dtype=np.float64).reshape(len(rows), self._features)

    def predict(self, matrix: Floats) -> Floats:
        """Return probabilities or numbers; concurrent calls only read the trees."""
        return np.asarray(self._booster.predict(matrix, num_threads=1))

    def contributions(self, matrix: Floats) -> Floats:
        """Return contributions to raw scores, of shape (rows, scores, features), without the bias.

        One call at a time: LightGBM recomputes the depths of the shared trees at the start of each, and
        another call would size its buffers by a depth that is half computed.
        """
        with self._explaining:
            found = np.asarray(self._booster.predict(matrix, num_threads=1, pred_contrib=True))
        return found.reshape(len(matrix), -1, self._features + 1)[:, :, :-1]


def _named(names: tuple[str, ...], contributions: Floats) -> list[dict[str, float]]:
    return [dict(zip(names, row, strict=True)) for row in contributions.tolist()]


def _mismatch(manifest: Manifest, booster: lgb.Booster) -> str | None:
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
