"""The batch prediction: a job that gives a dataset."""

from typing import Any, ClassVar
from uuid import UUID

from domain.batches.events import (
    BatchPredictionCancellationRequested,
    BatchPredictionCancelled,
    BatchPredictionCompleted,
    BatchPredictionEvent,
    BatchPredictionFailed,
    BatchPredictionInterrupted,
    BatchPredictionProgressed,
    BatchPredictionRequested,
    BatchPredictionStarted,
)
from domain.batches.values import BatchPlan, PredictedTable
from domain.bounds import require_bounded
from domain.jobs.job import Job, Kind, begun, moved_on, next_place, require_held, require_percentage
from domain.kernel import Provenance, envelope

BATCH_PREDICTION = Kind(
    noun="batch prediction",
    name="batch-prediction",
    code="batch-prediction",
    remedy="try a dataset of fewer columns, or explain fewer rows",
    requested=BatchPredictionRequested,
    started=BatchPredictionStarted,
    progressed=BatchPredictionProgressed,
    interrupted=BatchPredictionInterrupted,
    completed=BatchPredictionCompleted,
    failed=BatchPredictionFailed,
    cancellation_requested=BatchPredictionCancellationRequested,
    cancelled=BatchPredictionCancelled,
)


class BatchPrediction(Job):
    """What decisions need to know of a batch prediction."""

    KIND: ClassVar[Kind] = BATCH_PREDICTION

    plan: BatchPlan


def request(
    *, job_id: UUID, metadata: dict[str, Any], plan: BatchPlan, by: Provenance
) -> BatchPredictionRequested:
    """Begin a job.

    Raises:
        InvalidInput: The metadata are too large.
    """
    require_bounded(metadata=metadata, explain=plan.explain)
    return BatchPredictionRequested(**envelope(by, job_id, 1), metadata=metadata, plan=plan)


def progress(
    job: BatchPrediction, *, attempt: int, percent: int, rows: int, by: Provenance
) -> BatchPredictionProgressed:
    """Record how far the attempt is.

    Raises:
        LeaseLost: The attempt does not hold the job any more.
        InvalidInput: Not 0 to 100 per cent.
    """
    require_held(job, attempt)
    require_percentage(percent)
    return BatchPredictionProgressed(**next_place(job, by), attempt=attempt, progress=percent, rows=rows)


def complete(
    job: BatchPrediction, *, attempt: int, dataset_id: UUID, name: str, predicted: PredictedTable, by: Provenance
) -> BatchPredictionCompleted:
    """End the job with the dataset that it gave.

    Raises:
        LeaseLost: The attempt does not hold the job any more.
    """
    require_held(job, attempt)
    return BatchPredictionCompleted(
        **next_place(job, by),
        attempt=attempt,
        dataset_id=dataset_id,
        name=name,
        sha256=predicted.contents.sha256,
        rows=predicted.contents.rows,
        duration_s=predicted.duration_s,
    )


def evolve(job: BatchPrediction | None, event: BatchPredictionEvent) -> BatchPrediction:
    """Return the job after the event; refuses nothing, for history is not up for decision.

    Raises:
        ValueError: The stream does not begin with `batch-prediction.requested`: it is no history of such a job.
    """
    if isinstance(event, BatchPredictionRequested):
        return BatchPrediction(**begun(event), plan=event.plan)
    return moved_on(job, event, kind=BATCH_PREDICTION)
