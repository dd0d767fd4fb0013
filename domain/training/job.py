"""The training job: a job that gives a model a version."""

from typing import Any, ClassVar
from uuid import UUID

from domain.bounds import require_bounded
from domain.errors import InvalidInput
from domain.jobs.job import Job, Kind, begun, moved_on, next_place, require_held, require_percentage
from domain.kernel import Provenance, envelope
from domain.training.events import (
    TrainingJobCancellationRequested,
    TrainingJobCancelled,
    TrainingJobCompleted,
    TrainingJobEvent,
    TrainingJobFailed,
    TrainingJobInterrupted,
    TrainingJobProgressed,
    TrainingJobRequested,
    TrainingJobStarted,
)
from domain.training.values import TrainedModel, TrainingPlan

TRAINING = Kind(
    noun="training job",
    name="training-job",
    code="training",
    remedy="try fewer rows, columns or leaves",
    requested=TrainingJobRequested,
    started=TrainingJobStarted,
    progressed=TrainingJobProgressed,
    interrupted=TrainingJobInterrupted,
    completed=TrainingJobCompleted,
    failed=TrainingJobFailed,
    cancellation_requested=TrainingJobCancellationRequested,
    cancelled=TrainingJobCancelled,
)


PRIORITY_MAX = 9


class TrainingJob(Job):
    """What decisions need to know of a training job.

    Attributes:
        verifies: The version that is trained again; None for a new one.
    """

    KIND: ClassVar[Kind] = TRAINING

    model_id: UUID
    plan: TrainingPlan
    verifies: UUID | None


def request(
    *,
    job_id: UUID,
    model_id: UUID,
    hyperparameters: dict[str, Any],
    plan: TrainingPlan,
    by: Provenance,
    priority: int = 0,
    retries: UUID | None = None,
    verifies: UUID | None = None,
) -> TrainingJobRequested:
    """Begin a job.

    Args:
        job_id: Of the job.
        model_id: The model that gets the version.
        hyperparameters: As the user wrote them.
        plan: What is trained.
        by: Who asks.
        priority: From -9 to 9; of waiting jobs, the one with the highest is begun first.
        retries: The job that is done over; None for a plan of its own.
        verifies: The version that is trained again; None for a new one.

    Raises:
        InvalidInput: The hyperparameters are too large, or the priority is none.
    """
    require_bounded(hyperparameters=hyperparameters)
    if not -PRIORITY_MAX <= priority <= PRIORITY_MAX:
        message = f"must be a whole number from -{PRIORITY_MAX} to {PRIORITY_MAX}."
        raise InvalidInput.of("priority", message, priority)
    return TrainingJobRequested(
        **envelope(by, job_id, 1),
        model_id=model_id,
        hyperparameters=hyperparameters,
        plan=plan,
        priority=priority,
        retries=retries,
        verifies=verifies,
    )


def progress(
    job: TrainingJob, *, attempt: int, percent: int, iteration: int, metrics: dict[str, float], by: Provenance
) -> TrainingJobProgressed:
    """Record how far the attempt is.

    Raises:
        LeaseLost: The attempt does not hold the job any more.
        InvalidInput: Not 0 to 100 per cent, or a metric that is not finite.
    """
    require_held(job, attempt)
    require_percentage(percent)
    require_bounded(metrics=metrics)
    return TrainingJobProgressed(
        **next_place(job, by), attempt=attempt, progress=percent, iteration=iteration, metrics=metrics
    )


def complete(
    job: TrainingJob, *, attempt: int, version_id: UUID, version: str, trained: TrainedModel, by: Provenance
) -> TrainingJobCompleted:
    """End the job with the version that it trained, or that it trained again.

    Raises:
        LeaseLost: The attempt does not hold the job any more.
        InvalidInput: A metric is not finite.
    """
    require_held(job, attempt)
    require_bounded(metrics=trained.metrics, parameters=trained.parameters)
    return TrainingJobCompleted(
        **next_place(job, by), attempt=attempt, version_id=version_id, version=version, trained=trained
    )


def evolve(job: TrainingJob | None, event: TrainingJobEvent) -> TrainingJob:
    """Return the job after the event; refuses nothing, for history is not up for decision.

    Raises:
        ValueError: The stream does not begin with `training-job.requested`: it is no history of a job.
    """
    if isinstance(event, TrainingJobRequested):
        return TrainingJob(**begun(event), model_id=event.model_id, plan=event.plan, verifies=event.verifies)
    return moved_on(job, event, kind=TRAINING)
