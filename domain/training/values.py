"""The words of training."""

from uuid import UUID

from domain.datasets.values import Column, ColumnType, Contents
from domain.kernel import Immutable
from domain.models.values import ModelType
from domain.training.hyperparameters import Hyperparameters


class TrainingPlan(Immutable):
    """All that decides what a training will give: the same plan gives the same model, bit for bit.

    Attributes:
        model_type: `classification` or `regression`.
        dataset_id: What is learned from.
        contents: The dataset's bytes, by hash, and their schema.
        target: The column to learn.
        features: The columns to learn from, in the dataset's order.
        hyperparameters: With every default filled in.
    """

    model_type: ModelType
    dataset_id: UUID
    contents: Contents
    target: Column
    features: tuple[Column, ...]
    hyperparameters: Hyperparameters


class TrainedModel(Immutable):
    """What a training gave.

    Attributes:
        artifact_url: `artifact:<sha256 of the manifest>`, readable before this value exists.
        metrics: On the validation rows, by name.
        best_iteration: Boosting rounds kept, from 1.
        parameters: What LightGBM was given.
        environment: Versions of the libraries that took part.
        duration_s: Wall time of the training process.
    """

    artifact_url: str
    metrics: dict[str, float]
    best_iteration: int
    parameters: dict[str, str | int | float | bool]
    environment: dict[str, str]
    duration_s: float


LEARNABLE_TYPES = frozenset({ColumnType.NUMERIC, ColumnType.CATEGORICAL, ColumnType.BOOLEAN})
