"""What happens to training jobs, told at once. What is worth keeping is in the log; this may be missed."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from application.integration.iterations import TrainingJobIteratedData


class LiveIterations(Protocol):
    """Tells of the rounds of running trainings, to whoever listens now."""

    def tell(self, iteration: TrainingJobIteratedData) -> None:
        """Tell of a round: at once, in any thread, and without an error when nobody can be told."""


@dataclass(frozen=True, kw_only=True)
class News:
    """What may be new of a job.

    Attributes:
        iterations: Told since the last time, oldest first.
        is_in_log: Whether the log may have more of the job.
    """

    iterations: Sequence[TrainingJobIteratedData] = ()
    is_in_log: bool = False


class JobWatch(Protocol):
    """The news of one job, for one reader. Of iterations that wait for the reader, only so many are kept."""

    async def news(self, timeout_s: float) -> News:
        """Wait for news, and return them; after the time the log is worth a look, even without a sign."""

    async def last_iterations(self) -> Sequence[TrainingJobIteratedData]:
        """Return the iterations that were told before this call, as far as they were not returned yet."""


class LiveJobs(Protocol):
    """Lets readers watch jobs."""

    def watch(self, job_id: UUID) -> AbstractAsyncContextManager[JobWatch]:
        """Watch a job for as long as the block lasts: nothing told from its beginning on is missed.

        Where nothing can be heard, the block begins all the same, and iterations come from when it can.
        """
