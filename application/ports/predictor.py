"""Predicting with one loaded version."""

from collections.abc import Sequence
from typing import Protocol

from domain.inference.conformance import Schema
from domain.inference.values import Prediction


class Predictor(Protocol):
    """A version in memory, ready to answer. Safe to call from several threads."""

    @property
    def schema(self) -> Schema:
        """What an instance must look like."""

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""

    def predict(self, rows: Sequence[Sequence[float]], *, explain: bool) -> list[Prediction]:
        """Return one prediction per row; rows as `schema.conform` gives them, NaN for a missing value."""


class PredictorLoader(Protocol):
    """Brings a version into memory."""

    def load(self, artifact_url: str) -> Predictor:
        """Return the predictor of an artifact, verified by its hashes; nothing in it is executed.

        Raises:
            ArtifactUnavailable: It is not there, or not what its hash says.
        """
