"""What a classification or a regression reads of a dataset."""

from domain.datasets.dataset import Dataset
from domain.datasets.values import Column, ColumnType
from domain.errors import InvalidInput
from domain.models.values import ModelType
from domain.training.columns import Columns, chosen_columns, target_column
from domain.training.hyperparameters.classification import Classification
from domain.training.hyperparameters.tabular import Tabular
from domain.training.values import LEARNABLE_TYPES


def tabular_columns(model_type: ModelType, dataset: Dataset, hyperparameters: Tabular) -> Columns:
    """Return the target, and the columns to learn it from.

    Raises:
        InvalidInput: A column does not exist (with the nearest), or cannot be what it is named for.
    """
    _require_one_weight(hyperparameters)
    numbers = model_type is ModelType.REGRESSION
    target = target_column(
        model_type,
        dataset,
        asked=hyperparameters.target,
        allowed={ColumnType.NUMERIC} if numbers else LEARNABLE_TYPES,
    )
    return Columns(target=target, features=_features(dataset, target, hyperparameters))


def _require_one_weight(hyperparameters: Tabular) -> None:
    if (
        isinstance(hyperparameters, Classification)
        and hyperparameters.is_unbalance
        and hyperparameters.class_weight != "none"
    ):
        message = "balances what is_unbalance balances already: give one of them."
        raise InvalidInput.of("hyperparameters.class_weight", message, hyperparameters.class_weight)


def _features(dataset: Dataset, target: Column, hyperparameters: Tabular) -> tuple[Column, ...]:
    if hyperparameters.features is not None:
        return chosen_columns(
            dataset, hyperparameters.features, setting="features", target=target, allowed=LEARNABLE_TYPES
        )
    found = tuple(each for each in dataset.contents.columns if each.type in LEARNABLE_TYPES and each != target)
    if not found:
        message = f"Dataset {dataset.name!r} has no column to learn from beside the target {target.name!r}."
        raise InvalidInput.of("dataset_id", message, str(dataset.id))
    return found
