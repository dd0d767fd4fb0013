"""What readers see of jobs of any kind."""

from typing import Any

from application.views import Instant, View
from domain.jobs.events import JobRequested
from domain.jobs.values import JobStatus


class JobResponse(View):
    """A job.

    Attributes:
        progress: Per cent, 0 to 100.
        started_at: Of the newest attempt.
        error: What happened and what to do; None unless it failed.
        attempt: The newest attempt, 0 before the first.
        is_cancellation_requested: Whether its worker has been asked to stop.
        aggregate_version: Of the job; its `ETag`.
    """

    id: str
    status: JobStatus
    progress: int
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    error: str | None
    error_code: str | None
    attempt: int
    is_cancellation_requested: bool
    aggregate_version: int


def pending(event: JobRequested) -> dict[str, Any]:
    """Return the fields of a job's view when it has just been asked for."""
    return {
        "id": str(event.originator_id),
        "status": JobStatus.PENDING,
        "progress": 0,
        "created_at": event.provenance.timestamp,
        "started_at": None,
        "finished_at": None,
        "error": None,
        "error_code": None,
        "attempt": 0,
        "is_cancellation_requested": False,
        "aggregate_version": event.originator_version,
    }
