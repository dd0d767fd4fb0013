"""Can this model learn from this dataset with these settings? All of it that needs no look at the data."""

from domain.datasets.dataset import Dataset, require_active, require_column
from domain.datasets.values import Column, ColumnType
from domain.errors import FieldProblem, InvalidInput
from domain.models.values import ModelType
from domain.training.hyperparameters import Hyperparameters
from domain.training.values import LEARNABLE_TYPES, TrainingPlan

ROWS_MIN = 10
"""Fewer rows leave nothing to validate on."""

_TARGET_FIELD = "hyperparameters.target"

TRAINABLE_TYPES = frozenset({ModelType.CLASSIFICATION, ModelType.REGRESSION})


def plan(*, model_type: ModelType, dataset: Dataset, hyperparameters: Hyperparameters) -> TrainingPlan:
    """Return what will be trained.

    Raises:
        InvalidInput: The type cannot be trained, a column does not exist (with the nearest), the target
            is missing or of a type that cannot be learned, no feature is left, or too few rows.
        RetiredDataset: The dataset is offered no more.
    """
    require_active(dataset)
    if model_type not in TRAINABLE_TYPES:
        types = ", ".join(sorted(TRAINABLE_TYPES))
        raise InvalidInput.of("model_id", f"A {model_type} model cannot be trained here, only {types}.")
    contents = dataset.contents
    if contents.rows < ROWS_MIN:
        message = f"Dataset {dataset.name!r} has {contents.rows} rows; training needs at least {ROWS_MIN}."
        raise InvalidInput.of("dataset_id", message, str(dataset.id))
    target = _target(model_type, dataset, hyperparameters)
    return TrainingPlan(
        model_type=model_type,
        dataset_id=dataset.id,
        contents=contents,
        target=target,
        features=_features(dataset, target, hyperparameters),
        hyperparameters=hyperparameters,
    )


def _target(model_type: ModelType, dataset: Dataset, hyperparameters: Hyperparameters) -> Column:
    name = hyperparameters.target or dataset.target
    if name is None:
        message = f"Dataset {dataset.name!r} names no target: name the column to learn here."
        raise InvalidInput.of(_TARGET_FIELD, message)
    column = require_column(dataset.contents.columns, name, field=_TARGET_FIELD)
    allowed = {ColumnType.NUMERIC} if model_type is ModelType.REGRESSION else LEARNABLE_TYPES
    if column.type not in allowed:
        types = " or ".join(sorted(allowed))
        message = f"Column {name!r} is {column.type}: a {model_type} learns a {types} column."
        if hyperparameters.target is not None:
            raise InvalidInput.of(_TARGET_FIELD, message, name)
        advice = f"It is the target of dataset {dataset.name!r}: name another column in {_TARGET_FIELD}."
        raise InvalidInput.of("dataset_id", f"{message} {advice}", str(dataset.id))
    return column


def _features(dataset: Dataset, target: Column, hyperparameters: Hyperparameters) -> tuple[Column, ...]:
    columns = dataset.contents.columns
    if hyperparameters.features is None:
        found = tuple(each for each in columns if each.type in LEARNABLE_TYPES and each != target)
        if not found:
            message = f"Dataset {dataset.name!r} has no column to learn from beside the target {target.name!r}."
            raise InvalidInput.of("dataset_id", message, str(dataset.id))
        return found
    wanted = set()
    for index, name in enumerate(hyperparameters.features):
        field = f"hyperparameters.features[{index}]"
        column = require_column(columns, name, field=field)
        problem = None
        if column == target:
            problem = "is the target: a model that is told the answer learns nothing."
        elif column.type not in LEARNABLE_TYPES:
            problem = f"is a column of type {column.type}, which cannot be learned from."
        elif name in wanted:
            problem = "is named twice."
        if problem is not None:
            raise InvalidInput([FieldProblem(field=field, message=f"{name!r} {problem}", value=name)])
        wanted.add(name)
    return tuple(each for each in columns if each.name in wanted)
