"""Signs of life of the workers that hold jobs."""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID


class Heartbeats(Protocol):
    """A counter for each held job, outside the event store. It says nothing of time: who watches a
    counter judges by its own monotonic clock how long it has stood still."""

    def beat(self, job_id: UUID, attempt: int) -> None:
        """Count one more sign of life of this attempt."""

    def counters(self) -> Mapping[tuple[UUID, int], int]:
        """Return (job, attempt) → counter, for all that were not cleared."""

    def clear(self, job_id: UUID, attempt: int) -> None:
        """Forget the attempt: it has ended. Of others at the same job nothing is forgotten."""
