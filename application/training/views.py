"""What readers see of training jobs."""

from typing import Any

from application.views import Instant, View
from domain.jobs.values import JobStatus
from domain.training.events import TrainingJobRequested


class TrainingJobBase(View):
    """What a training job is asked for with."""

    model_id: str
    dataset_id: str
    hyperparameters: dict[str, Any]


class TrainingJobResponse(TrainingJobBase):
    """A training job.

    Attributes:
        progress: Per cent, 0 to 100.
        started_at: Of the newest attempt.
        error: What happened and what to do; None unless it failed.
        resulting_version_id: What it trained; None until it completed.
        resulting_version: The number of that version.
        attempt: The newest attempt, 0 before the first.
        is_cancellation_requested: Whether its worker has been asked to stop.
        metrics: The newest on the validation rows.
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
    resulting_version_id: str | None
    resulting_version: str | None
    attempt: int
    is_cancellation_requested: bool
    metrics: dict[str, float]
    aggregate_version: int


def requested_view(event: TrainingJobRequested) -> TrainingJobResponse:
    """Return what a reader sees of a job that has just been asked for."""
    return TrainingJobResponse(
        id=str(event.originator_id),
        model_id=str(event.model_id),
        dataset_id=str(event.plan.dataset_id),
        hyperparameters=event.hyperparameters,
        status=JobStatus.PENDING,
        progress=0,
        created_at=event.provenance.timestamp,
        started_at=None,
        finished_at=None,
        error=None,
        error_code=None,
        resulting_version_id=None,
        resulting_version=None,
        attempt=0,
        is_cancellation_requested=False,
        metrics={},
        aggregate_version=event.originator_version,
    )
