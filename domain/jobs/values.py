"""The words of jobs of every kind."""

from enum import StrEnum


class JobStatus(StrEnum):
    """Where a job stands."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})


class InterruptionCause(StrEnum):
    """Why an attempt ended before its job did."""

    WORKER_LOST = "worker-lost"
    WORKER_STOPPED = "worker-stopped"
