"""What can be true of a training job."""

from typing import Any, ClassVar
from uuid import UUID

from domain.kernel import DomainEvent
from domain.training.values import InterruptionCause, TrainedModel, TrainingPlan


class TrainingJobRequested(DomainEvent):
    """When a job waits for a worker.

    Attributes:
        model_id: The model that gets the version.
        hyperparameters: As the user wrote them; the plan has them complete.
    """

    TOPIC: ClassVar[str] = "training-job.requested.v1"

    model_id: UUID
    hyperparameters: dict[str, Any]
    plan: TrainingPlan


class TrainingJobStarted(DomainEvent):
    """When a worker holds the job: attempts count from 1, and each is held by one worker."""

    TOPIC: ClassVar[str] = "training-job.started.v1"

    attempt: int
    worker: str


class TrainingJobProgressed(DomainEvent):
    """When so much of the training is done; recorded sparsely.

    Attributes:
        progress: Per cent of the iterations asked for, 0 to 100.
        iteration: Boosting rounds done.
        metrics: On the validation rows at that iteration.
    """

    TOPIC: ClassVar[str] = "training-job.progressed.v1"

    attempt: int
    progress: int
    iteration: int
    metrics: dict[str, float]


class TrainingJobInterrupted(DomainEvent):
    """When an attempt ended without an outcome; the job waits for a worker again."""

    TOPIC: ClassVar[str] = "training-job.interrupted.v1"

    attempt: int
    cause: InterruptionCause


class TrainingJobCompleted(DomainEvent):
    """When the model has the version that the job trained."""

    TOPIC: ClassVar[str] = "training-job.completed.v1"

    attempt: int
    version_id: UUID
    version: str
    trained: TrainedModel


class TrainingJobFailed(DomainEvent):
    """When the job will never give a version.

    Attributes:
        code: Stable, dotted name of the reason.
        error: What happened and what to do, for a person.
    """

    TOPIC: ClassVar[str] = "training-job.failed.v1"

    attempt: int
    code: str
    error: str


class TrainingJobCancellationRequested(DomainEvent):
    """When somebody wants a running job to stop; its worker has yet to do so."""

    TOPIC: ClassVar[str] = "training-job.cancellation-requested.v1"


class TrainingJobCancelled(DomainEvent):
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
