"""What may be asked of batch predictions."""

from typing import Any

from pydantic import Field

from domain.batches.values import EXPLAINED_NONE
from domain.kernel import Immutable


class RequestBatchPrediction(Immutable):
    """Predict for all rows of a dataset; model and dataset by id or name.

    Attributes:
        version: Its number or id, or an alias; None for the version in production.
        name: What the dataset that results is to be called; None for a name made of the three.
        explain: Which predictions come with the contributions of the features: `true` for all, `false` for none,
            or a filter over `prediction` and `probability`.
    """

    model_id: str
    version: str | None = None
    dataset_id: str
    name: str | None = None
    explain: str = EXPLAINED_NONE
    metadata: dict[str, Any] = Field(default_factory=dict)
