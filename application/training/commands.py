"""What may be asked of training."""

from typing import Any

from pydantic import Field

from domain.kernel import Immutable


class RequestTraining(Immutable):
    """Train a new version of a model from a dataset; both by id or name."""

    model_id: str
    dataset_id: str
    hyperparameters: dict[str, Any] = Field(default_factory=dict)
