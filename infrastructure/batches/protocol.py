"""What a predicting process is told to do, and what it answers."""

from pathlib import Path

from pydantic import TypeAdapter

from application.ports.filters import Condition
from domain.batches.values import BatchPlan, PredictedTable
from infrastructure.jobs.protocol import Failed, Finished, JobOrder, Progressed

MODULE = "infrastructure.batches.child"

RowsDone = int


class Order(JobOrder):
    """What to predict.

    Attributes:
        explain: What the plan's words mean.
        result: Where the table is written, on the volume of the artifact store; nothing lies there yet.
    """

    plan: BatchPlan
    explain: bool | Condition
    result: Path


Message = Progressed[RowsDone] | Finished[PredictedTable] | Failed
MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)
