"""What a model of text reads of a dataset."""

from domain.datasets.dataset import Dataset
from domain.datasets.values import Column, ColumnType
from domain.errors import InvalidInput
from domain.models.values import ModelType
from domain.training.columns import Columns, chosen_columns, target_column
from domain.training.hyperparameters.nlp import Nlp
from domain.training.values import LEARNABLE_TYPES

_TEXT = frozenset({ColumnType.CATEGORICAL})


def nlp_columns(model_type: ModelType, dataset: Dataset, hyperparameters: Nlp) -> Columns:
    """Return the target, and the columns of text to learn it from.

    Raises:
        InvalidInput: A column does not exist (with the nearest), or cannot be what it is named for; or what is for
            labels is asked of numbers.
    """
    allowed = {ColumnType.NUMERIC} if hyperparameters.task == "regression" else LEARNABLE_TYPES
    target = target_column(model_type, dataset, asked=hyperparameters.target, allowed=allowed)
    if task_of(hyperparameters, target) is ModelType.REGRESSION:
        _require_nothing_of_labels(hyperparameters, target)
    return Columns(target=target, features=_texts(dataset, target, hyperparameters))


def task_of(hyperparameters: Nlp, target: Column) -> ModelType:
    """Return what is told of a text: a label, as by a classification, or a number, as by a regression."""
    if hyperparameters.task != "auto":
        return ModelType(hyperparameters.task)
    return ModelType.REGRESSION if target.type is ColumnType.NUMERIC else ModelType.CLASSIFICATION


def _require_nothing_of_labels(hyperparameters: Nlp, target: Column) -> None:
    for name in ("class_weight", "calibration", "threshold"):
        value = getattr(hyperparameters, name)
        if value != Nlp.model_fields[name].default:
            message = (
                f"is for labels, and of {target.name!r} numbers are told: leave it out, or let task be "
                "'classification'."
            )
            raise InvalidInput.of(f"hyperparameters.{name}", message, value)


def _texts(dataset: Dataset, target: Column, hyperparameters: Nlp) -> tuple[Column, ...]:
    if hyperparameters.text_columns is not None:
        return chosen_columns(
            dataset, hyperparameters.text_columns, setting="text_columns", target=target, allowed=_TEXT
        )
    found = tuple(each for each in dataset.contents.columns if each.type in _TEXT and each != target)
    if not found:
        message = f"Dataset {dataset.name!r} has no column of text beside the target {target.name!r}."
        raise InvalidInput.of("dataset_id", message, str(dataset.id))
    return found
