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
        ModelType.CLASSIFICATION: "tabular",
        ModelType.REGRESSION: "tabular",
        ModelType.CLUSTERING: "clustering",
    }
)
"""The module of `trainers` that learns each type; imported only by those who need it, for libraries are slow."""


def train(plan: TrainingPlan, table: pa.Table, *, num_threads: int, on_iteration: OnIteration) -> Trained:
    """Train as planned.

    Raises:
        WorkFailed: The data cannot be learned; the code says why.
        MemoryError: There was not enough.
    """
    module = import_module(f"infrastructure.learning.trainers.{_TRAINERS[plan.model_type]}")
    learn: Train = module.train
    return learn(plan, table, num_threads=num_threads, on_iteration=on_iteration)
