"""Can this model learn from this dataset with these settings? All of it that needs no look at the data."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from domain.datasets.dataset import Dataset, require_active
from domain.errors import InvalidInput
from domain.models.values import ModelType
from domain.training.clustering import clustering_columns
from domain.training.columns import Columns
from domain.training.hyperparameters.settings import Hyperparameters
from domain.training.nlp import nlp_columns
from domain.training.tabular import tabular_columns
from domain.training.time_series import time_series_columns
from domain.training.values import TrainingPlan

ROWS_MIN = 10
"""Fewer rows leave nothing to validate on."""

_COLUMNS: Mapping[ModelType, Callable[[ModelType, Dataset, Any], Columns]] = MappingProxyType(
    {
        ModelType.CLASSIFICATION: tabular_columns,
        ModelType.REGRESSION: tabular_columns,
        ModelType.CLUSTERING: clustering_columns,
        ModelType.NLP: nlp_columns,
        ModelType.TIME_SERIES: time_series_columns,
    }
)
"""What finds the columns for each type, given the hyperparameters of the type."""


def plan(*, model_type: ModelType, dataset: Dataset, hyperparameters: Hyperparameters) -> TrainingPlan:
    """Return what will be trained.

    Raises:
        InvalidInput: A column does not exist (with the nearest), the target
            is missing or of a type that cannot be learned, no feature is left, or too few rows.
        RetiredDataset: The dataset is offered no more.
    """
    require_active(dataset)
    contents = dataset.contents
    if contents.rows < ROWS_MIN:
        message = f"Dataset {dataset.name!r} has {contents.rows} rows; training needs at least {ROWS_MIN}."
        raise InvalidInput.of("dataset_id", message, str(dataset.id))
    columns = _COLUMNS[model_type](model_type, dataset, hyperparameters)
    return TrainingPlan(
        model_type=model_type,
        dataset_id=dataset.id,
        contents=contents,
        target=columns.target,
        features=columns.features,
        time=columns.time,
        series=columns.series,
        group=columns.group,
        hyperparameters=hyperparameters,
    )
