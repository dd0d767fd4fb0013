"""Why a command about a job is not granted; each kind of job has codes of its own.

NotFound
└── JobNotFound
Refusal
├── JobEnded
├── LeaseLost
└── CancellationNotRequested
"""

from domain.errors import NotFound, Refusal


class JobNotFound(NotFound):
    """No job of the kind has this id."""


class JobEnded(Refusal):
    """The job has ended: nothing about it changes any more."""


class LeaseLost(Refusal):
    """The attempt is not the one that holds the job: its worker must let go of it."""


class CancellationNotRequested(Refusal):
    """Nobody asked for the job to stop: its worker may not end it as cancelled."""
