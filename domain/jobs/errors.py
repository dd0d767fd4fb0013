"""Why a command about a job is not granted; of a training job the codes are these, other kinds have theirs alike.

NotFound
└── JobNotFound                training-job.not-found
Refusal
├── JobEnded                   training-job.ended
├── NotEnded                   training-job.not-ended
├── AlreadyCompleted           training-job.completed
├── LeaseLost                  training-job.lease-lost
└── CancellationNotRequested   training-job.cancellation-not-requested
"""

from typing import Any

from domain.errors import DomainError, NotFound, Refusal


class _OfKind(DomainError):
    """Takes the name of the kind of jobs, with which the code begins."""

    def __init__(self, message: str, *, kind: str, **details: Any) -> None:
        super().__init__(message, **details)
        self.code = f"{kind}.{self.code}"


class JobNotFound(_OfKind, NotFound):
    """No job of the kind has this id."""

    code = "not-found"


class JobEnded(_OfKind, Refusal):
    """The job has ended: nothing about it changes any more."""

    code = "ended"


class NotEnded(_OfKind, Refusal):
    """The job goes on: there is nothing yet to do over."""

    code = "not-ended"


class AlreadyCompleted(_OfKind, Refusal):
    """The job has given what it was asked for: there is nothing to do over."""

    code = "completed"


class LeaseLost(_OfKind, Refusal):
    """The attempt is not the one that holds the job: its worker must let go of it."""

    code = "lease-lost"


class CancellationNotRequested(_OfKind, Refusal):
    """Nobody asked for the job to stop: its worker may not end it as cancelled."""

    code = "cancellation-not-requested"
