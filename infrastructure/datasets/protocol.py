"""What a process that reads files and its starter say to each other: one order, one answer."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from domain.datasets.values import Contents, DatasetFormat
from domain.errors import FieldProblem
from domain.kernel import Immutable
from infrastructure.datasets.directories import Directory
from infrastructure.system.orders import ProcessOrder

MODULE = "infrastructure.datasets.child"


class Inspection(Immutable):
    """A file to look into."""

    kind: Literal["inspection"] = "inspection"
    path: Path
    format: DatasetFormat


class Joining(Immutable):
    """Files to make one of.

    Attributes:
        to: Where the new one is to lie; nothing does yet.
        size_max_bytes: So many it may have.
    """

    kind: Literal["joining"] = "joining"
    directory: Directory
    to: Path
    size_max_bytes: int


class Order(ProcessOrder):
    """What to read.

    Attributes:
        memory_max_bytes: What the process may allocate.
    """

    work: Annotated[Inspection | Joining, Field(discriminator="kind")]
    memory_max_bytes: int


class Inspected(Immutable):
    """The file holds a table."""

    kind: Literal["inspected"] = "inspected"
    contents: Contents


class Joined(Immutable):
    """The new file is written."""

    kind: Literal["joined"] = "joined"


class NotWritten(Immutable):
    """The new file cannot be written.

    Attributes:
        errno: The system's reason.
    """

    kind: Literal["not-written"] = "not-written"
    errno: int


class Refused(Immutable):
    """There is no table that can be learned from."""

    kind: Literal["refused"] = "refused"
    problems: tuple[FieldProblem, ...]


class OutOfMemory(Immutable):
    """The memory was not enough to tell."""

    kind: Literal["out-of-memory"] = "out-of-memory"


Answer = Inspected | Joined | Refused | OutOfMemory | NotWritten
ANSWER: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="kind")])
