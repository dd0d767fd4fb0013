"""What can be true of a job of any kind; each kind stores it under topics of its own."""

from domain.jobs.values import InterruptionCause
from domain.kernel import DomainEvent


class JobRequested(DomainEvent, abstract=True):
    """When a job waits for a worker."""

    @property
    def urgency(self) -> int:
        """Of waiting jobs, the one with the highest is begun first; of those with the same, the oldest."""
        return 0


class JobStarted(DomainEvent, abstract=True):
    """When a worker holds the job: attempts count from 1, and each is held by one worker."""

    attempt: int
    worker: str


class JobProgressed(DomainEvent, abstract=True):
    """When so much of the work is done; recorded sparsely.

    Attributes:
        progress: Per cent, 0 to 100.
    """

    attempt: int
    progress: int


class JobInterrupted(DomainEvent, abstract=True):
    """When an attempt ended without an outcome; the job waits for a worker again."""

    attempt: int
    cause: InterruptionCause


class JobCompleted(DomainEvent, abstract=True):
    """When the job has given what it was asked for."""

    attempt: int


class JobFailed(DomainEvent, abstract=True):
    """When the job will never give what it was asked for.

    Attributes:
        code: Stable, dotted name of the reason.
        error: What happened and what to do, for a person.
    """

    attempt: int
    code: str
    error: str


class JobCancellationRequested(DomainEvent, abstract=True):
    """When somebody wants a running job to stop; its worker has yet to do so."""


class JobCancelled(DomainEvent, abstract=True):
    """When the job was stopped on request."""


JobChanged = (
    JobStarted
    | JobProgressed
    | JobInterrupted
    | JobCompleted
    | JobFailed
    | JobCancellationRequested
    | JobCancelled
)
"""What follows the request."""
