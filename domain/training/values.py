"""The words of training."""

from typing import Any
from uuid import UUID

from pydantic import Field, SerializeAsAny, ValidationInfo, field_validator

from domain.datasets.values import Column, ColumnType, Contents
from domain.kernel import Immutable
from domain.models.values import ModelType
from domain.training.hyperparameters.parsing import BY_TYPE
from domain.training.hyperparameters.settings import Hyperparameters


class TrainingPlan(Immutable):
    """All that decides what a training will give: the same plan gives the same model, bit for bit.

    Attributes:
        dataset_id: What is learned from.
        contents: The dataset's bytes, by hash, and their schema.
        target: The column to learn; None where the type of model learns none.
        features: The columns to learn from, in the dataset's order; of a text, those that are read, of a time
            series, those whose future is known.
        time: The column that tells the order of the rows; None where it is of no account.
        series: The column that tells the series apart; None where there is one.
        group: The column whose equal values stay on one side of the split; None where rows stand for themselves.
        hyperparameters: Those of the type of model, with every default filled in.
    """

    model_type: ModelType
    dataset_id: UUID
    contents: Contents
    target: Column | None
    features: tuple[Column, ...]
    time: Column | None = None
    series: Column | None = None
    group: Column | None = None
    hyperparameters: SerializeAsAny[Hyperparameters]

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns that are read, each once."""
        found = (self.target, *self.features, self.time, self.series, self.group)
        return tuple(dict.fromkeys(each for each in found if each is not None))

    @field_validator("hyperparameters", mode="before")
    @classmethod
    def _of_the_type(cls, given: Any, info: ValidationInfo) -> Any:
        if "model_type" not in info.data:  # which is refused already
            return given
        return BY_TYPE[info.data["model_type"]].model_validate(given)


def _is_none(value: Any) -> bool:
    return value is None


class TrainedModel(Immutable):
    """What a training gave.

    Attributes:
        artifact_url: `artifact:<sha256 of the manifest>`, readable before this value exists.
        metrics: On the validation rows, by name.
        best_iteration: Boosting rounds kept, or steps of another kind of learning, from 1.
        parameters: What the learning library was given.
        environment: Versions of this program and of the libraries that took part.
        duration_s: Wall time of the training process.
        report_url: `artifact:<sha256 of the evaluation report>`; None for trainings that made none.
        peak_memory_bytes: The most that the training process held; None where nobody measured it.
    """

    artifact_url: str
    metrics: dict[str, float]
    best_iteration: int
    parameters: dict[str, str | int | float | bool]
    environment: dict[str, str]
    duration_s: float
    report_url: str | None = Field(default=None, exclude_if=_is_none)
    peak_memory_bytes: int | None = Field(default=None, exclude_if=_is_none)


LEARNABLE_TYPES = frozenset({ColumnType.NUMERIC, ColumnType.CATEGORICAL, ColumnType.BOOLEAN})
