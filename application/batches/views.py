"""What readers see of batch predictions."""

from typing import Any

from application.jobs.views import JobResponse, pending
from domain.batches.events import BatchPredictionRequested


class BatchPredictionResponse(JobResponse):
    """A batch prediction.

    Attributes:
        version: The number of the version that predicts, whatever the request called it.
        dataset_sha256: The bytes that are predicted for.
        explain: Which predictions are explained.
        name: What the dataset that results is called; it gets a number where the name is taken by then.
        rows: For so many it was predicted, by the newest attempt.
        resulting_dataset_id: The dataset with the predictions; None until it completed.
        resulting_sha256: Its bytes.
    """

    model_id: str
    version_id: str
    version: str
    dataset_id: str
    dataset_sha256: str
    explain: str
    name: str
    metadata: dict[str, Any]
    rows: int
    resulting_dataset_id: str | None
    resulting_sha256: str | None


def requested_view(event: BatchPredictionRequested) -> BatchPredictionResponse:
    """Return what a reader sees of a job that has just been asked for."""
    plan = event.plan
    return BatchPredictionResponse(
        **pending(event),
        model_id=str(plan.model_id),
        version_id=str(plan.version_id),
        version=plan.version,
        dataset_id=str(plan.dataset_id),
        dataset_sha256=plan.contents.sha256,
        explain=plan.explain,
        name=plan.name,
        metadata=event.metadata,
        rows=0,
        resulting_dataset_id=None,
        resulting_sha256=None,
    )
