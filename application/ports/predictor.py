"""Predicting with one loaded version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from domain.inference.conformance import Schema
from domain.inference.values import AnswerKind, Label

Floats = NDArray[np.float64]

Row = Sequence[Any]
"""One cell for each feature, in their order: a number, and None or NaN where it is missing. Of what no number
stands for, the text, list or object itself, and None where it is missing."""

Contributions = Floats | Sequence[Mapping[str, float]]
"""Of shape (rows, names + 1), the bias last, where each row has the same names; else name → contribution for each
row, without the bias."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Instances in columns.

    Attributes:
        numbers: Of shape (rows, features); NaN where a value is missing, and in columns that no number stands for.
        objects: Place of such a column → its values.
    """

    numbers: Floats
    objects: Mapping[int, Sequence[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, places: slice | NDArray[np.intp]) -> "Rows":
        if not self.objects:
            return Rows(self.numbers[places])
        chosen = np.arange(len(self))[places].tolist()
        objects = {place: [values[each] for each in chosen] for place, values in self.objects.items()}
        return Rows(self.numbers[places], objects)


def rows_of(schema: Schema, rows: Sequence[Row]) -> Rows:
    """Return rows in columns."""
    if not schema.objects:
        return Rows(np.array(rows, dtype=np.float64).reshape(-1, len(schema.features)))  # None becomes NaN
    columns = list(zip(*rows, strict=True)) or [()] * len(schema.features)
    numbers = np.full((len(rows), len(columns)), np.nan)
    for place, column in enumerate(columns):
        if place not in schema.objects:
            numbers[:, place] = np.array(column, dtype=np.float64)
    return Rows(numbers, {place: columns[place] for place in schema.objects})


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a version says of rows, in columns.

    Attributes:
        predictions: Of shape (rows,): a label each, a number each, or the steps of a forecast each.
        probabilities: Of shape (rows,), of those labels; None for all else.
        scores: Of shape (rows, labels), the probability of every label; for numbers of shape (rows, 1); for
            forecasts of shape (rows, 0).
        chosen: Of shape (rows,), the places of the predictions among the labels; None for all else.
    """

    predictions: Sequence[Any]
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
    def answers(self) -> AnswerKind:
        """What is answered."""

    @property
    def labels(self) -> Sequence[Label] | None:
        """What is predicted, in the order of the scores; None for numbers and forecasts."""

    @property
    def explained(self) -> Sequence[str] | None:
        """The names of what contributes to a prediction; None where they differ from row to row."""

    @property
    def platform(self) -> str:
        """What its parts are, in a word for clients of the Open Inference Protocol."""

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""

    @property
    def row_cost_s(self) -> float:
        """About how long one row takes, measured on this machine; of rows that differ in size, a large one."""

    def predict_row(self, row: Row) -> tuple[Any, float | None, Sequence[float]]:
        """Return the prediction for one row, its probability, and its scores; never waits.

        Raises:
            NonConformingInstance: It asks for what the version cannot know; the fields begin with `features.`.
        """

    def predict(self, rows: Rows) -> Predicted:
        """Return the predictions for rows.

        Raises:
            NonConformingInstance: As for one row; which one of them is not told.
        """

    def explain(self, rows: Rows, chosen: NDArray[np.intp] | None) -> Contributions:
        """Return what contributed to the raw score of what was chosen.

        Args:
            rows: As they were given to `predict`.
            chosen: As `predict` returned it for them.

        Returns:
            Of shape (rows, names + 1) where `explained` has the names, the bias last; else a mapping for each row.
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
