"""From a plan and its table to a trained model, whatever its type."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

import pyarrow as pa

from domain.models.values import ModelType
from domain.training.values import TrainingPlan
from infrastructure.learning.trained import OnIteration, Train, Trained

_TRAINERS: Mapping[ModelType, str] = MappingProxyType(
    {
        ModelType.CLASSIFICATION: "classification",
        ModelType.REGRESSION: "regression",
        ModelType.CLUSTERING: "clustering",
        ModelType.NLP: "nlp",
        ModelType.TIME_SERIES: "time_series",
    }
)
"""The module of `trainers` that learns each type; imported only by those who need it, for libraries are slow."""


def train(plan: TrainingPlan, table: pa.Table, *, num_threads: int, on_iteration: OnIteration) -> Trained:
    """Train as planned.

    Raises:
        WorkFailed: The data cannot be learned; the code says why.
        MemoryError: There was not enough.
    """
    return trainer_of(plan.model_type)(plan, table, num_threads=num_threads, on_iteration=on_iteration)


def trainer_of(model_type: ModelType) -> Train:
    """Return what learns the type.

    Called with a table that nobody else holds, it gives each column back once it has been read.
    """
    learn: Train = import_module(f"infrastructure.learning.trainers.{_TRAINERS[model_type]}").train
    return learn
