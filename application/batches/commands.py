"""What may be asked of batch predictions."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from domain.batches.values import EXPLAINED_ALL, EXPLAINED_NONE
from domain.kernel import Immutable


def _spelled(explain: Any) -> Any:
    return {True: EXPLAINED_ALL, False: EXPLAINED_NONE}[explain] if isinstance(explain, bool) else explain


Explained = Annotated[
    str, BeforeValidator(_spelled), WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "string"}]})
]
"""`true`, `false` or a condition; the first two may come as JSON has them."""


class RequestBatchPrediction(Immutable):
    """Predict for all rows of a dataset; model and dataset by id or name.

    Attributes:
        version: Its number or id, or an alias; None for the version in production.
        name: What the dataset that results is to be called; None for a name made of the three.
        explain: Which predictions come with the contributions of the features: true for all, false for none, or
            a filter over `prediction` and `probability` as text.
    """

    model_id: str
    version: str | None = None
    dataset_id: str
    name: str | None = None
    explain: Explained = EXPLAINED_NONE
    metadata: dict[str, Any] = Field(default_factory=dict)
