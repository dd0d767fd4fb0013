"""What readers see of batch predictions."""

from typing import Any

from application.views import Instant, View
from domain.batches.events import BatchPredictionRequested
from domain.jobs.values import JobStatus


class BatchPredictionResponse(View):
    """A batch prediction.

    Attributes:
        version: The number of the version that predicts, whatever the request called it.
        dataset_sha256: The bytes that are predicted for.
        explain: Which predictions are explained.
        name: What the dataset that results is called; it gets a number where the name is taken by then.
        progress: Per cent, 0 to 100.
        rows: For so many it was predicted, by the newest attempt.
        started_at: Of the newest attempt.
        error: What happened and what to do; None unless it failed.
        resulting_dataset_id: The dataset with the predictions; None until it completed.
        resulting_sha256: Its bytes.
        attempt: The newest attempt, 0 before the first.
        is_cancellation_requested: Whether its worker has been asked to stop.
        aggregate_version: Of the job; its `ETag`.
    """

    id: str
    model_id: str
    version_id: str
    version: str
    dataset_id: str
    dataset_sha256: str
    explain: str
    name: str
    metadata: dict[str, Any]
    status: JobStatus
    progress: int
    rows: int
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    error: str | None
    error_code: str | None
    resulting_dataset_id: str | None
    resulting_sha256: str | None
    attempt: int
    is_cancellation_requested: bool
    aggregate_version: int


def requested_view(event: BatchPredictionRequested) -> BatchPredictionResponse:
    """Return what a reader sees of a job that has just been asked for."""
    plan = event.plan
    return BatchPredictionResponse(
        id=str(event.originator_id),
        model_id=str(plan.model_id),
        version_id=str(plan.version_id),
        version=plan.version,
        dataset_id=str(plan.dataset_id),
        dataset_sha256=plan.contents.sha256,
        explain=plan.explain,
        name=plan.name,
        metadata=event.metadata,
        status=JobStatus.PENDING,
        progress=0,
        rows=0,
        created_at=event.provenance.timestamp,
        started_at=None,
        finished_at=None,
        error=None,
        error_code=None,
        resulting_dataset_id=None,
        resulting_sha256=None,
        attempt=0,
        is_cancellation_requested=False,
        aggregate_version=event.originator_version,
    )
