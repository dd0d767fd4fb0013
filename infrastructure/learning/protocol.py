"""What a training process and its starter say to each other: one JSON document per line.

The starter writes one `Order` to the process's standard input and keeps it open for as long as it lives;
the process writes `Progressed` lines and then one `Finished` or `Failed` to its standard output.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from application.ports.trainer import Iteration
from domain.kernel import Immutable
from domain.training.values import TrainingPlan

MODULE = "infrastructure.learning.child"


class Order(Immutable):
    """What to train.

    Attributes:
        dataset: The file with the bytes that the plan names.
        artifacts: Root of the artifact store that the model goes to.
        starter_pid: Who waits for the outcome.
    """

    plan: TrainingPlan
    dataset: Path
    artifacts: Path
    num_threads: int = Field(ge=1)
    starter_pid: int


class Progressed(Immutable):
    """Another round is done."""

    kind: Literal["progressed"] = "progressed"
    iteration: Iteration


class Finished(Immutable):
    """The model is kept. The fields are those of a trained model, but for the duration."""

    kind: Literal["finished"] = "finished"
    artifact_url: str
    metrics: dict[str, float]
    best_iteration: int
    parameters: dict[str, str | int | float | bool]
    environment: dict[str, str]


class Failed(Immutable):
    """There will be no model."""

    kind: Literal["failed"] = "failed"
    code: str
    message: str


Message = Progressed | Finished | Failed
MESSAGE: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="kind")])
