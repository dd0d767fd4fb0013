"""What a training process is told to do, and what it answers."""

from pydantic import Field, TypeAdapter

from application.ports.trainer import Iteration, Rival
from domain.training.values import TrainedModel, TrainingPlan
from infrastructure.jobs.protocol import Failed, Finished, JobOrder, Progressed

MODULE = "infrastructure.learning.child"

Iterations = tuple[Iteration, ...]
"""The rounds that are done since the last time, in order."""


class Order(JobOrder):
    """What to train.

    Attributes:
        is_reported: Whether a report is made of it.
        rival: What it is compared with; None where no version is in production.
        cluster: Address of a Dask scheduler; None where there is none.
    """

    plan: TrainingPlan
    num_threads: int = Field(ge=1)
    is_reported: bool = True
    rival: Rival | None = None
    cluster: str | None = None


Message = Progressed[Iterations] | Finished[TrainedModel] | Failed
MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)
