"""What a predicting process and its starter say to each other: one JSON document per line.

The starter gives one `Order`; the process answers `Progressed` as often as it likes, then once `Finished` or
`Failed`.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from application.ports.filters import Condition
from domain.batches.values import BatchPlan
from domain.datasets.values import Contents
from domain.kernel import Immutable
from infrastructure.system.orders import ProcessOrder

MODULE = "infrastructure.batches.child"


class Order(ProcessOrder):
    """What to predict.

    Attributes:
        explain: What the plan's words mean.
        dataset: The file with the bytes that the plan names.
        result: Where the table is written, on the volume of the artifact store; nothing lies there yet.
        artifacts: Root of the artifact store that has the version, and that the table goes to.
    """

    plan: BatchPlan
    explain: bool | Condition
    dataset: Path
    result: Path
    artifacts: Path


class Progressed(Immutable):
    """So many rows are done."""

    kind: Literal["progressed"] = "progressed"
    rows: int


class Finished(Immutable):
    """The table is kept."""

    kind: Literal["finished"] = "finished"
    contents: Contents


class Failed(Immutable):
    """There will be no table."""

    kind: Literal["failed"] = "failed"
    code: str
    message: str


Message = Progressed | Finished | Failed
MESSAGE: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="kind")])
