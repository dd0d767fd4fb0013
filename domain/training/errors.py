"""Why a command about training is not granted.

NotFound
└── JobNotFound                training-job.not-found
Refusal
├── JobEnded                   training-job.ended
├── LeaseLost                  training-job.lease-lost
└── CancellationNotRequested   training-job.cancellation-not-requested
"""

from domain.errors import NotFound, Refusal


class JobNotFound(NotFound):
    """No training job has this id."""

    code = "training-job.not-found"


class JobEnded(Refusal):
    """The job has ended: nothing about it changes any more."""

    code = "training-job.ended"


class LeaseLost(Refusal):
    """The attempt is not the one that holds the job: its worker must let go of it."""

    code = "training-job.lease-lost"


class CancellationNotRequested(Refusal):
    """Nobody asked for the job to stop: its worker may not end it as cancelled."""

    code = "training-job.cancellation-not-requested"
