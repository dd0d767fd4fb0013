"""What a trainer gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from application.ports.trainer import Iteration
from domain.inference.values import Label
from domain.training.values import TrainingPlan
from infrastructure.learning.forecast_pairs import Pairs
from infrastructure.learning.losses import MEAN, RowLoss
from infrastructure.learning.manifest import Manifest
from infrastructure.learning.series import Panel

Floats = NDArray[np.float64]
OnIteration = Callable[[Iteration], None]


@dataclass(frozen=True, kw_only=True)
class Origins:
    """From where steps were forecast, so that another version can be asked for the same ones.

    Attributes:
        panel: The series.
        table: Its rows.
        pairs: The steps.
    """

    panel: Panel
    table: pa.Table
    pairs: Pairs


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Rows that the model did not learn from, and what it and a trivial baseline say of them.

    Attributes:
        table: Their columns, as `TrainingPlan.columns` names them.
        truth: Of shape (rows,): the place of the label, or the number.
        scores: Of shape (rows, labels), the probability of each; of numbers, of shape (rows, 1).
        baseline: What is said without learning, in the same shape: the frequency of each label, the statistic, or
            the value of a season ago.
        labels: In the order of their places; None for numbers.
        chosen: Of shape (rows,): the place of the label predicted; None where it is the most probable one, and for
            numbers.
        steps: Of shape (rows,), how many steps ahead each was forecast, from 1; None for what is no forecast.
        origins: From where; None for what is no forecast.
        means: Metrics that are means of something of each row, by their names: that, of shape (rows,). Those that
            truth and scores tell of are not among them.
        losses: Metrics that are means of what truth and score of a row tell, by their names, beside those that
            numbers have anyway.
        statistic: What is told of the numbers that a row may have: their `mean`, `median`, ….
    """

    table: pa.Table
    truth: Floats
    scores: Floats
    baseline: Floats
    labels: tuple[Label, ...] | None
    chosen: NDArray[np.intp] | None = None
    steps: NDArray[np.int64] | None = None
    origins: Origins | None = None
    means: Mapping[str, Floats] = field(default_factory=dict)
    losses: Mapping[str, RowLoss] = field(default_factory=dict)
    statistic: str = MEAN


@dataclass(frozen=True, kw_only=True)
class Grouped:
    """Rows that a clustering has learned from, and the clusters that they are in.

    Attributes:
        table: Their columns, as `TrainingPlan.columns` names them.
        points: Of shape (rows, axes): where they lie.
        axes: Of each feature.
        codes: Of shape (rows,): the cluster of each.
        clusters: How many there are, those without a row among them.
        sampled: Places of those by which the number of clusters was chosen, ascending.
        tried: Number of clusters → the cluster of each row sampled; empty where a number was asked for.
        regroup: Finds as many clusters in other points, in the same way; None where too few of them differ.
    """

    table: pa.Table
    points: Floats
    axes: tuple[slice, ...]
    codes: NDArray[np.intp]
    clusters: int
    sampled: NDArray[np.int64]
    tried: Mapping[int, NDArray[np.intp]]
    regroup: Callable[[Floats], NDArray[np.intp] | None]


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A model, and how good it is.

    Attributes:
        manifest: Names every part by its hash.
        parts: Their bytes.
        metrics: On rows held out, of the model as it will be loaded.
        held_out: Those rows; None where there is no truth to hold the model against.
        notes: What a reader of the report is to know, in sentences.
        grouped: The rows of a clustering; None for all else.
    """

    manifest: Manifest
    parts: Mapping[str, bytes]
    metrics: dict[str, float]
    held_out: HeldOut | None
    notes: tuple[str, ...] = ()
    grouped: Grouped | None = None


class Train(Protocol):
    """Learns one type of model. Pure: neither the clock nor a store has a say in what comes of it."""

    def __call__(
        self, plan: TrainingPlan, table: pa.Table, *, num_threads: int, on_iteration: OnIteration
    ) -> Trained:
        """Train as planned; manifest and parts depend on nothing but the plan, the table and the libraries.

        Raises:
            WorkFailed: The data cannot be learned; the code says why.
            MemoryError: There was not enough.
        """
