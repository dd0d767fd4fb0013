"""What a clustering reads of a dataset."""

from domain.datasets.dataset import Dataset
from domain.errors import InvalidInput
from domain.models.values import ModelType
from domain.training.columns import Columns, chosen_columns
from domain.training.hyperparameters.clustering import Clustering
from domain.training.values import LEARNABLE_TYPES


def clustering_columns(model_type: ModelType, dataset: Dataset, hyperparameters: Clustering) -> Columns:
    """Return the columns by which rows are near or far; there is no target.

    Raises:
        InvalidInput: A column does not exist (with the nearest), or rows cannot be compared by it.
    """
    if hyperparameters.features is not None:
        chosen = chosen_columns(
            dataset, hyperparameters.features, setting="features", target=None, allowed=LEARNABLE_TYPES
        )
        return Columns(target=None, features=chosen)
    learnable = [each for each in dataset.contents.columns if each.type in LEARNABLE_TYPES]
    found = tuple(each for each in learnable if each.name != dataset.target)
    if not found:
        beside = "" if dataset.target is None else f" beside its target {dataset.target!r}"
        message = f"Dataset {dataset.name!r} has no column{beside} that a {model_type} can compare rows by."
        raise InvalidInput.of("dataset_id", message, str(dataset.id))
    return Columns(target=None, features=found)
