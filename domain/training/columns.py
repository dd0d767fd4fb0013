"""Which columns of a dataset a training reads, and what for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from domain.datasets.dataset import Dataset, require_column
from domain.datasets.values import Column, ColumnType
from domain.errors import FieldProblem, InvalidInput
from domain.models.values import ModelType

_TARGET_FIELD = "hyperparameters.target"


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What each column is for, as in `TrainingPlan`."""

    target: Column | None
    features: tuple[Column, ...]
    time: Column | None = None
    series: Column | None = None
    group: Column | None = None


def target_column(
    model_type: ModelType, dataset: Dataset, *, asked: str | None, allowed: Collection[ColumnType]
) -> Column:
    """Return the column to learn.

    Args:
        model_type: What learns it.
        dataset: Names a target of its own, or none.
        asked: The name of another; None for the dataset's own.
        allowed: What it may be.

    Raises:
        InvalidInput: There is none, it is no column (with the nearest), or of a type that cannot be learned.
    """
    name = asked or dataset.target
    if name is None:
        message = f"Dataset {dataset.name!r} names no target: name the column to learn here."
        raise InvalidInput.of(_TARGET_FIELD, message)
    column = require_column(dataset.contents.columns, name, field=_TARGET_FIELD)
    if column.type not in allowed:
        types = " or ".join(sorted(allowed))
        message = f"Column {name!r} is {column.type}: models of type {model_type} learn a {types} column."
        if asked is not None:
            raise InvalidInput.of(_TARGET_FIELD, message, name)
        advice = f"It is the target of dataset {dataset.name!r}: name another column in {_TARGET_FIELD}."
        raise InvalidInput.of("dataset_id", f"{message} {advice}", str(dataset.id))
    return column


def chosen_columns(
    dataset: Dataset,
    names: Sequence[str],
    *,
    setting: str,
    target: Column | None,
    allowed: Collection[ColumnType],
) -> tuple[Column, ...]:
    """Return the columns that a setting names, in the dataset's order.

    Args:
        dataset: Has them.
        names: As given.
        setting: The hyperparameter that names them.
        target: The one that may not be among them; None for none.
        allowed: What they may be.

    Raises:
        InvalidInput: One is no column (with the nearest), the target, of another type, or named twice.
    """
    wanted = set()
    for index, name in enumerate(names):
        field = f"hyperparameters.{setting}[{index}]"
        column = require_column(dataset.contents.columns, name, field=field)
        problem = None
        if column == target:
            problem = "is the target: a model that is told the answer learns nothing."
        elif column.type not in allowed:
            problem = f"is a column of type {column.type}, which cannot be learned from."
        elif name in wanted:
            problem = "is named twice."
        if problem is not None:
            raise InvalidInput([FieldProblem(field=field, message=f"{name!r} {problem}", value=name)])
        wanted.add(name)
    return tuple(each for each in dataset.contents.columns if each.name in wanted)
