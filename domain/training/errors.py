"""Why a command about training is not granted.

JobNotFound                training-job.not-found
JobEnded                   training-job.ended
LeaseLost                  training-job.lease-lost
CancellationNotRequested   training-job.cancellation-not-requested
"""

from domain.jobs import errors


class JobNotFound(errors.JobNotFound):
    """No training job has this id."""

    code = "training-job.not-found"


class JobEnded(errors.JobEnded):
    """The job has ended: nothing about it changes any more."""

    code = "training-job.ended"


class LeaseLost(errors.LeaseLost):
    """The attempt is not the one that holds the job: its worker must let go of it."""

    code = "training-job.lease-lost"


class CancellationNotRequested(errors.CancellationNotRequested):
    """Nobody asked for the job to stop: its worker may not end it as cancelled."""

    code = "training-job.cancellation-not-requested"
