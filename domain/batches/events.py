"""What can be true of a batch prediction."""

from typing import Any, ClassVar
from uuid import UUID

from domain.batches.values import BatchPlan
from domain.jobs.events import (
    JobCancellationRequested,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobInterrupted,
    JobProgressed,
    JobRequested,
    JobStarted,
)


class BatchPredictionRequested(JobRequested):
    """When a job waits for a worker.

    Attributes:
        metadata: The user's own.
    """

    TOPIC: ClassVar[str] = "batch-prediction.requested.v1"

    metadata: dict[str, Any]
    plan: BatchPlan


class BatchPredictionStarted(JobStarted):
    """When a worker holds the job: attempts count from 1, and each is held by one worker."""

    TOPIC: ClassVar[str] = "batch-prediction.started.v1"


class BatchPredictionProgressed(JobProgressed):
    """When so much of the rows is predicted for; recorded sparsely.

    Attributes:
        rows: So many are.
    """

    TOPIC: ClassVar[str] = "batch-prediction.progressed.v1"

    rows: int


class BatchPredictionInterrupted(JobInterrupted):
    """When an attempt ended without an outcome; the job waits for a worker again."""

    TOPIC: ClassVar[str] = "batch-prediction.interrupted.v1"


class BatchPredictionCompleted(JobCompleted):
    """When there is a dataset with the predictions.

    Attributes:
        dataset_id: The dataset, registered in the same transaction.
        name: What it was called then.
        sha256: Its bytes.
        rows: Of it, as many as were predicted for.
        duration_s: Wall time of the predicting process.
    """

    TOPIC: ClassVar[str] = "batch-prediction.completed.v1"

    dataset_id: UUID
    name: str
    sha256: str
    rows: int
    duration_s: float


class BatchPredictionFailed(JobFailed):
    """When the job will never give a dataset."""

    TOPIC: ClassVar[str] = "batch-prediction.failed.v1"


class BatchPredictionCancellationRequested(JobCancellationRequested):
    """When somebody wants a running job to stop; its worker has yet to do so."""

    TOPIC: ClassVar[str] = "batch-prediction.cancellation-requested.v1"


class BatchPredictionCancelled(JobCancelled):
    """When the job was stopped on request."""

    TOPIC: ClassVar[str] = "batch-prediction.cancelled.v1"


BatchPredictionEvent = (
    BatchPredictionRequested
    | BatchPredictionStarted
    | BatchPredictionProgressed
    | BatchPredictionInterrupted
    | BatchPredictionCompleted
    | BatchPredictionFailed
    | BatchPredictionCancellationRequested
    | BatchPredictionCancelled
)
