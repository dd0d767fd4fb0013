"""What an inspecting process and its starter say to each other: one order, one answer."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from domain.datasets.values import Contents, DatasetFormat
from domain.errors import FieldProblem
from domain.kernel import Immutable
from infrastructure.system.orders import ProcessOrder

MODULE = "infrastructure.datasets.child"


class Order(ProcessOrder):
    """Which file to look into.

    Attributes:
        memory_max_bytes: What the process may allocate.
    """

    path: Path
    format: DatasetFormat
    memory_max_bytes: int


class Inspected(Immutable):
    """The file holds a table."""

    kind: Literal["inspected"] = "inspected"
    contents: Contents


class Refused(Immutable):
    """The file holds none that can be learned from."""

    kind: Literal["refused"] = "refused"
    problems: tuple[FieldProblem, ...]


class OutOfMemory(Immutable):
    """The memory was not enough to tell."""

    kind: Literal["out-of-memory"] = "out-of-memory"


Answer = Inspected | Refused | OutOfMemory
ANSWER: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="kind")])
