"""Predicting with one loaded version."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from domain.inference.conformance import Schema
from domain.inference.values import Label

Floats = NDArray[np.float64]

Row = Sequence[float | None]
"""One number for each feature, in their order; None or NaN where a value is missing."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a version says of rows, in columns.

    Attributes:
        predictions: Of shape (rows,): a label of the data each, or a number each.
        probabilities: Of shape (rows,), of those labels; None for numbers.
        scores: Of shape (rows, labels), the probability of every label; for numbers of shape (rows, 1).
        chosen: Of shape (rows,), the places of the predictions among the labels; None for numbers.
    """

    predictions: Sequence[Label]
    probabilities: Sequence[float] | None
    scores: Floats
    chosen: NDArray[np.intp] | None


class Predictor(Protocol):
    """A version in memory, ready to answer. Safe to call from several threads.

    One row is answered the same alone and among others, bit for bit.
    """

    @property
    def schema(self) -> Schema:
        """What an instance must look like."""

    @property
    def labels(self) -> Sequence[Label] | None:
        """What is predicted, in the order of the scores; None for numbers."""

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""

    @property
    def row_cost_s(self) -> float:
        """About how long one row takes, measured on this machine."""

    def predict_row(self, row: Row) -> tuple[Label, float | None, Sequence[float]]:
        """Return the prediction for one row, its probability, and its scores; never waits."""

    def predict(self, rows: Floats) -> Predicted:
        """Return the predictions for rows of shape (rows, features), NaN for a missing value."""

    def explain(self, rows: Floats, chosen: NDArray[np.intp] | None) -> Floats:
        """Return what each feature contributed to the raw score of what was chosen, with the bias last.

        Args:
            rows: Of shape (rows, features).
            chosen: As `predict` returned it for them.

        Returns:
            Of shape (rows, features + 1).
        """


class PredictorLoader(Protocol):
    """Brings a version into memory."""

    def load(self, artifact_url: str) -> Predictor:
        """Return the predictor of an artifact, verified by its hashes; nothing in it is executed.

        Raises:
            ArtifactUnavailable: It is not there, or not what its hash says.
        """

    def verify(self, artifact_url: str) -> None:
        """Demand that all bytes of an artifact are there and what its hashes say, without loading it.

        Bytes that lie untouched since the last time are not read.

        Raises:
            ArtifactUnavailable: One of them is not.
        """
