"""What a worker can do: one kind of work for each kind of job."""

from collections.abc import Callable
from typing import Any, Protocol

from application.jobs.attempts import Attempts
from domain.jobs.job import Kind


class Work(Protocol):
    """What is done for jobs of one kind."""

    @property
    def kind(self) -> Kind:
        """The kind of jobs."""

    @property
    def attempts(self) -> Attempts[Any]:
        """What is said of such jobs."""

    def do(self, job: Any, *, should_stop: Callable[[], bool]) -> Any:
        """Do what the job asks for, recording how far it is, and return what came of it.

        Raises:
            WorkStopped: `should_stop` said True.
            LeaseLost, UnreadableHistory: It is not this worker's job any more, or not one that it can go on with.
            DomainError: The job has failed; code and message say why.
        """

    def complete(self, job: Any, outcome: Any) -> None:
        """End the job with what came of it.

        Raises:
            LeaseLost, UnreadableHistory: As above.
        """
