"""Why a command about batch predictions is not granted.

JobNotFound                batch-prediction.not-found
JobEnded                   batch-prediction.ended
LeaseLost                  batch-prediction.lease-lost
CancellationNotRequested   batch-prediction.cancellation-not-requested
"""

from domain.jobs import errors


class JobNotFound(errors.JobNotFound):
    """No batch prediction has this id."""

    code = "batch-prediction.not-found"


class JobEnded(errors.JobEnded):
    """The job has ended: nothing about it changes any more."""

    code = "batch-prediction.ended"


class LeaseLost(errors.LeaseLost):
    """The attempt is not the one that holds the job: its worker must let go of it."""

    code = "batch-prediction.lease-lost"


class CancellationNotRequested(errors.CancellationNotRequested):
    """Nobody asked for the job to stop: its worker may not end it as cancelled."""

    code = "batch-prediction.cancellation-not-requested"
