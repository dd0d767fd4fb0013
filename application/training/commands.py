"""What may be asked of training."""

from typing import Any

from pydantic import Field

from domain.kernel import Immutable
from domain.training.job import PRIORITY_MAX


class RequestTraining(Immutable):
    """Train a new version of a model from a dataset; both by id or name.

    Attributes:
        priority: Of waiting jobs, the one with the highest is begun first.
    """

    model_id: str
    dataset_id: str
    hyperparameters: dict[str, Any] = Field(default_factory=dict)
    priority: int = Field(default=0, ge=-PRIORITY_MAX, le=PRIORITY_MAX)
