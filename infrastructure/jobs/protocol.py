"""What the process of a job and its starter say to each other: one JSON document per line.

The starter gives one `JobOrder`; the process answers `Progressed` as often as it likes, then once `Finished` or
`Failed`.
"""

import time
from typing import Generic, Literal, TypeVar

from pydantic import Field

from domain.kernel import Immutable
from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.system.orders import ProcessOrder

Progress = TypeVar("Progress")
Result = TypeVar("Result")


class JobOrder(ProcessOrder):
    """What to do with a dataset; each kind of jobs adds its plan.

    Attributes:
        sha256: Of the dataset's bytes, when it was registered.
        artifacts: Where these are, and where the result goes.
        memory_max_bytes: What the process may allocate; None for as much as there is.
        time_max_s: How long after it was given there must be a result; None for whenever there is one.
        given_at: When the order was, by the monotonic clock of the machine.
    """

    sha256: str
    artifacts: ArtifactPlace
    memory_max_bytes: int | None = None
    time_max_s: int | None = None
    given_at: float = Field(default_factory=time.monotonic)

    def age_s(self) -> float:
        """Return how long ago it was given."""
        return time.monotonic() - self.given_at  # the clock is the same in all processes


class Progressed(Immutable, Generic[Progress]):
    """The work is so far."""

    kind: Literal["progressed"] = "progressed"
    progress: Progress


class Finished(Immutable, Generic[Result]):
    """The work is done, and what came of it is kept."""

    kind: Literal["finished"] = "finished"
    result: Result


class Failed(Immutable):
    """There will be no result."""

    kind: Literal["failed"] = "failed"
    code: str
    message: str
