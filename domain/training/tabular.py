"""What a classification or a regression reads of a dataset."""

from collections.abc import Collection

from domain.datasets.dataset import Dataset, require_column
from domain.datasets.values import Column, ColumnType
from domain.errors import InvalidInput
from domain.models.values import ModelType
from domain.training.columns import Columns, chosen_columns, target_column
from domain.training.hyperparameters.classification import Classification
from domain.training.hyperparameters.tabular import Tabular
from domain.training.objectives import require_fitting_objective
from domain.training.values import LEARNABLE_TYPES

FEATURE_TYPES = LEARNABLE_TYPES | {ColumnType.DATETIME}
GROUPING_TYPES = FEATURE_TYPES
TIME_TYPES = frozenset({ColumnType.NUMERIC, ColumnType.DATETIME})


def tabular_columns(model_type: ModelType, dataset: Dataset, hyperparameters: Tabular) -> Columns:
    """Return the target, and the columns to learn it from.

    Raises:
        InvalidInput: A column does not exist (with the nearest), or cannot be what it is named for; or settings do
            not belong together.
    """
    _require_one_weight(hyperparameters)
    require_fitting_objective(hyperparameters)
    numbers = model_type is ModelType.REGRESSION
    target = target_column(
        model_type,
        dataset,
        asked=hyperparameters.target,
        allowed={ColumnType.NUMERIC} if numbers else LEARNABLE_TYPES,
    )
    group, time = _telling_apart(model_type, dataset, target, hyperparameters)
    features = _features(dataset, target, group, hyperparameters)
    return Columns(target=target, features=features, time=time, group=group)


def _telling_apart(
    model_type: ModelType, dataset: Dataset, target: Column, settings: Tabular
) -> tuple[Column | None, Column | None]:
    """Return the columns that groups and times of rows are in; None where it is not them that are held apart."""
    way = settings.split
    asked = {"group": settings.group_column, "time": settings.time_column}
    if way == "auto":
        named = [each for each, column in asked.items() if column is not None]
        if len(named) > 1:
            message = "is named beside time_column: say by split which of them rows are held apart by."
            raise _refused("group_column", message, settings.group_column)
        way = "group" if asked["group"] else "time" if asked["time"] else "auto"
    for each, name in asked.items():
        if way == each and name is None:
            raise _refused("split", f"takes a {each}_column: name it.", way)
        if way != each and name is not None:
            raise _refused(f"{each}_column", f"is of no use where split is {way!r}: leave it out.", name)
    return (
        _column(dataset, target, "group_column", settings.group_column, GROUPING_TYPES),
        _column(dataset, target, "time_column", settings.time_column, TIME_TYPES),
    )


def _column(
    dataset: Dataset, target: Column, setting: str, name: str | None, allowed: Collection[ColumnType]
) -> Column | None:
    if name is None:
        return None
    column = require_column(dataset.contents.columns, name, field=f"hyperparameters.{setting}")
    if column == target:
        raise _refused(setting, "is the target: name another column.", name)
    if column.type not in allowed:
        raise _refused(setting, f"is {column.type}, and must be {' or '.join(sorted(allowed))}.", name)
    return column


def _refused(setting: str, message: str, value: str | None) -> InvalidInput:
    return InvalidInput.of(f"hyperparameters.{setting}", message, value)


def _require_one_weight(hyperparameters: Tabular) -> None:
    if (
        isinstance(hyperparameters, Classification)
        and hyperparameters.is_unbalance
        and hyperparameters.class_weight != "none"
    ):
        message = "balances what is_unbalance balances already: give one of them."
        raise InvalidInput.of("hyperparameters.class_weight", message, hyperparameters.class_weight)


def _features(
    dataset: Dataset, target: Column, group: Column | None, hyperparameters: Tabular
) -> tuple[Column, ...]:
    if hyperparameters.features is not None:
        return chosen_columns(
            dataset, hyperparameters.features, setting="features", target=target, allowed=FEATURE_TYPES
        )
    found = tuple(
        each for each in dataset.contents.columns if each.type in FEATURE_TYPES and each not in (target, group)
    )
    if not found:
        message = f"Dataset {dataset.name!r} has no column to learn from beside the target {target.name!r}."
        raise InvalidInput.of("dataset_id", message, str(dataset.id))
    return found
