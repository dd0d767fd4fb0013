"""What can be true of a training job."""

from typing import Any, ClassVar
from uuid import UUID

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
from domain.training.values import TrainedModel, TrainingPlan


class TrainingJobRequested(JobRequested):
    """When a job waits for a worker.

    Attributes:
        model_id: The model that gets the version.
        hyperparameters: As the user wrote them; the plan has them complete.
        priority: Of waiting jobs, the one with the highest is begun first.
        retries: The job whose plan this one is carried out after; None for a plan of its own.
        verifies: The version that is trained again, to see whether it comes out the same; None for a new one.
    """

    TOPIC: ClassVar[str] = "training-job.requested.v1"
    SCHEMA_VERSION: ClassVar[int] = 2

    model_id: UUID
    hyperparameters: dict[str, Any]
    plan: TrainingPlan
    priority: int
    retries: UUID | None
    verifies: UUID | None

    @property
    def urgency(self) -> int:
        """Its priority."""
        return self.priority


class TrainingJobStarted(JobStarted):
    """When a worker holds the job: attempts count from 1, and each is held by one worker."""

    TOPIC: ClassVar[str] = "training-job.started.v1"


class TrainingJobProgressed(JobProgressed):
    """When so much of the training is done; recorded sparsely.

    Attributes:
        progress: Of the iterations asked for.
        iteration: Boosting rounds done.
        metrics: On the validation rows at that iteration.
    """

    TOPIC: ClassVar[str] = "training-job.progressed.v1"

    iteration: int
    metrics: dict[str, float]


class TrainingJobInterrupted(JobInterrupted):
    """When an attempt ended without an outcome; the job waits for a worker again."""

    TOPIC: ClassVar[str] = "training-job.interrupted.v1"


class TrainingJobCompleted(JobCompleted):
    """When the model has the version that the job trained.

    Attributes:
        version_id: That version; of a job that verifies one, the one that it trained again.
    """

    TOPIC: ClassVar[str] = "training-job.completed.v1"

    version_id: UUID
    version: str
    trained: TrainedModel


class TrainingJobFailed(JobFailed):
    """When the job will never give a version."""

    TOPIC: ClassVar[str] = "training-job.failed.v1"


class TrainingJobCancellationRequested(JobCancellationRequested):
    """When somebody wants a running job to stop; its worker has yet to do so."""

    TOPIC: ClassVar[str] = "training-job.cancellation-requested.v1"


class TrainingJobCancelled(JobCancelled):
    """When the job was stopped on request."""

    TOPIC: ClassVar[str] = "training-job.cancelled.v1"


TrainingJobEvent = (
    TrainingJobRequested
    | TrainingJobStarted
    | TrainingJobProgressed
    | TrainingJobInterrupted
    | TrainingJobCompleted
    | TrainingJobFailed
    | TrainingJobCancellationRequested
    | TrainingJobCancelled
)
