"""What a process that looks at a model from elsewhere and its starter say to each other: one order, one answer."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from application.ports.foreign_models import ForeignModel
from domain.kernel import Immutable
from infrastructure.learning.manifest import Manifest
from infrastructure.system.orders import ProcessOrder

MODULE = "infrastructure.learning.foreign.child"


class Order(ProcessOrder):
    """What to look at.

    Attributes:
        path: Of the bytes.
        result: Where the trees are written; nothing lies there yet.
        memory_max_bytes: What the process may allocate.
    """

    path: Path
    model: ForeignModel
    result: Path
    memory_max_bytes: int


class Accepted(Immutable):
    """It can be answered with."""

    kind: Literal["accepted"] = "accepted"
    manifest: Manifest


class Refused(Immutable):
    """It cannot.

    Attributes:
        field: Of what is said of it, where that does not fit; None where the fault lies in the bytes.
    """

    kind: Literal["refused"] = "refused"
    why: str
    field: str | None = None


class OutOfMemory(Immutable):
    """The memory was not enough to tell."""

    kind: Literal["out-of-memory"] = "out-of-memory"


Answer = Accepted | Refused | OutOfMemory
ANSWER: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="kind")])
