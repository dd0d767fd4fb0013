"""What a trainer gives back."""

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from application.ports.trainer import Iteration
from domain.inference.values import Label
from domain.training.values import TrainingPlan
from infrastructure.learning.manifest import Manifest

Floats = NDArray[np.float64]
OnIteration = Callable[[Iteration], None]

_LIBRARIES = ("lightgbm", "numpy", "pyarrow", "scikit-learn")


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Rows that the model did not learn from, and what it and a trivial baseline say of them.

    Attributes:
        table: Their columns, as `TrainingPlan.columns` names them.
        truth: Of shape (rows,): the place of the label, or the number.
        scores: Of shape (rows, labels), the probability of each; of numbers, of shape (rows, 1).
        baseline: What is said without learning, in the same shape: the frequency of each label, the mean, or the
            value of a season ago.
        labels: In the order of their places; None for numbers.
        chosen: Of shape (rows,): the place of the label predicted; None where it is the most probable one, and for
            numbers.
        steps: Of shape (rows,), how many steps ahead each was forecast, from 1; None for what is no forecast.
    """

    table: pa.Table
    truth: Floats
    scores: Floats
    baseline: Floats
    labels: tuple[Label, ...] | None
    chosen: NDArray[np.intp] | None = None
    steps: NDArray[np.int64] | None = None


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A model, and how good it is.

    Attributes:
        manifest: Names every part by its hash.
        parts: Their bytes.
        metrics: On rows held out, of the model as it will be loaded.
        held_out: Those rows; None where there is no truth to hold the model against.
        notes: What a reader of the report is to know, in sentences.
    """

    manifest: Manifest
    parts: Mapping[str, bytes]
    metrics: dict[str, float]
    held_out: HeldOut | None
    notes: tuple[str, ...] = ()


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


def environment(*further: str) -> dict[str, str]:
    """Return the versions of what takes part in a training: another one may give other bits."""
    found: dict[str, Any] = {name: version(name) for name in (*_LIBRARIES, *further)}
    return {**found, "python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"}
