"""What a training process and its starter say to each other: one JSON document per line.

The starter gives one `Order`; the process answers `Progressed` as often as it likes, then once `Finished` or
`Failed`.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from application.ports.trainer import Iteration
from domain.kernel import Immutable
from domain.training.values import TrainingPlan
from infrastructure.system.orders import ProcessOrder

MODULE = "infrastructure.learning.child"


class Order(ProcessOrder):
    """What to train.

    Attributes:
        dataset: The file with the bytes that the plan names.
        artifacts: Root of the artifact store that the model goes to.
    """

    plan: TrainingPlan
    dataset: Path
    artifacts: Path
    num_threads: int = Field(ge=1)


class Progressed(Immutable):
    """These rounds are done since the last time, in order."""

    kind: Literal["progressed"] = "progressed"
    iterations: tuple[Iteration, ...]


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
