"""The words of batch predictions."""

from uuid import UUID

from domain.datasets.values import Contents
from domain.kernel import Immutable

PREDICTION = "prediction"
PROBABILITY = "probability"
EXPLAINED_NONE = "false"
EXPLAINED_ALL = "true"


EXPLANATION = "explanation"
"""The column that has all contributions by name, where the names differ from row to row."""


def explanation_of(feature: str) -> str:
    """Return the column that has what the feature contributed to the prediction."""
    return f"explanation.{feature}"


class BatchPlan(Immutable):
    """All that decides what a batch prediction will give: the same plan gives the same table.

    Attributes:
        model_id: Whose version predicts.
        version: Its number, whatever the request called it.
        artifact_url: What the version is.
        dataset_id: What is predicted for.
        contents: The dataset's bytes, by hash, and their schema.
        explain: Which predictions are explained: `true`, `false`, or a condition in the grammar of filters.
        name: What the dataset that results is to be called.
    """

    model_id: UUID
    version_id: UUID
    version: str
    artifact_url: str
    dataset_id: UUID
    contents: Contents
    explain: str
    name: str


class PredictedTable(Immutable):
    """What a batch prediction gave.

    Attributes:
        contents: The table's bytes, by hash, readable before this value exists.
        duration_s: Wall time of the predicting process.
    """

    contents: Contents
    duration_s: float
