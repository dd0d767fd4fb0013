"""The training job: pending → running → completed | failed | cancelled, with attempts held by workers."""

from functools import singledispatch
from typing import Any
from uuid import UUID

from domain.bounds import require_bounded
from domain.kernel import Aggregate, Provenance, envelope
from domain.training.errors import JobEnded, LeaseLost
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
from domain.training.values import ENDED, InterruptionCause, JobStatus, TrainedModel, TrainingPlan

LOST_WORKERS_MAX = 3
"""After so many workers died of one job, it is the job: it ends failed."""


class TrainingJob(Aggregate):
    """What decisions need to know of a job.

    Attributes:
        correlation_id: Of the request; everything that the job brings about carries it.
        last_event_id: The cause of what comes next.
        attempt: The newest attempt, 0 before the first.
        workers_lost: Attempts that ended with the death of their worker.
    """

    model_id: UUID
    plan: TrainingPlan
    correlation_id: str
    last_event_id: UUID
    status: JobStatus = JobStatus.PENDING
    attempt: int = 0
    workers_lost: int = 0
    is_cancellation_requested: bool = False


def request(
    *, job_id: UUID, model_id: UUID, hyperparameters: dict[str, Any], plan: TrainingPlan, by: Provenance
) -> TrainingJobRequested:
    """Begin a job.

    Raises:
        InvalidInput: The hyperparameters are too large.
    """
    require_bounded(hyperparameters=hyperparameters)
    return TrainingJobRequested(
        **envelope(by, job_id, 1), model_id=model_id, hyperparameters=hyperparameters, plan=plan
    )


def start(job: TrainingJob, *, worker: str, by: Provenance) -> TrainingJobStarted:
    """Let a worker hold the job.

    Raises:
        JobEnded: There is nothing left to do.
        LeaseLost: Another worker holds it.
    """
    _require_open(job)
    if job.status is not JobStatus.PENDING:
        raise LeaseLost(f"Training job {job.id} is held by another worker.", id=str(job.id))
    return TrainingJobStarted(**_next(job, by), attempt=job.attempt + 1, worker=worker)


def progress(
    job: TrainingJob, *, attempt: int, percent: int, iteration: int, metrics: dict[str, float], by: Provenance
) -> TrainingJobProgressed:
    """Record how far the attempt is.

    Raises:
        LeaseLost: The attempt does not hold the job any more.
    """
    _require_held(job, attempt)
    return TrainingJobProgressed(
        **_next(job, by), attempt=attempt, progress=percent, iteration=iteration, metrics=metrics
    )


def complete(
    job: TrainingJob, *, attempt: int, version_id: UUID, version: str, trained: TrainedModel, by: Provenance
) -> TrainingJobCompleted:
    """End the job with the version that it trained.

    Raises:
        LeaseLost: The attempt does not hold the job any more.
    """
    _require_held(job, attempt)
    return TrainingJobCompleted(
        **_next(job, by), attempt=attempt, version_id=version_id, version=version, trained=trained
    )


def fail(job: TrainingJob, *, attempt: int, code: str, error: str, by: Provenance) -> TrainingJobFailed:
    """End the job without a version.

    Raises:
        LeaseLost: The attempt does not hold the job any more.
    """
    _require_held(job, attempt)
    return TrainingJobFailed(**_next(job, by), attempt=attempt, code=code, error=error)


def interrupt(
    job: TrainingJob, *, attempt: int, cause: InterruptionCause, by: Provenance
) -> TrainingJobInterrupted | TrainingJobFailed | TrainingJobCancelled:
    """End the attempt: the job waits again, unless it was to be cancelled or has cost too many workers.

    Raises:
        LeaseLost: The attempt does not hold the job any more.
    """
    _require_held(job, attempt)
    if job.is_cancellation_requested:
        return TrainingJobCancelled(**_next(job, by))
    if cause is InterruptionCause.WORKER_LOST and job.workers_lost + 1 >= LOST_WORKERS_MAX:
        message = (
            f"{LOST_WORKERS_MAX} workers died while they trained this job. "
            "It may need more memory than there is: try fewer rows, columns or leaves."
        )
        return TrainingJobFailed(**_next(job, by), attempt=attempt, code="training.workers-lost", error=message)
    return TrainingJobInterrupted(**_next(job, by), attempt=attempt, cause=cause)


def cancel(
    job: TrainingJob, *, by: Provenance
) -> tuple[TrainingJobCancellationRequested | TrainingJobCancelled, ...]:
    """Stop a waiting job, or ask the worker of a running one to stop; asking twice changes nothing.

    Raises:
        JobEnded: There is nothing left to stop.
    """
    if job.status is JobStatus.CANCELLED or job.is_cancellation_requested:
        return ()
    _require_open(job)
    if job.status is JobStatus.PENDING:
        return (TrainingJobCancelled(**_next(job, by)),)
    return (TrainingJobCancellationRequested(**_next(job, by)),)


def confirm_cancelled(job: TrainingJob, *, attempt: int, by: Provenance) -> TrainingJobCancelled:
    """End the job as its worker has stopped it on request.

    Raises:
        LeaseLost: The attempt does not hold the job any more.
    """
    _require_held(job, attempt)
    return TrainingJobCancelled(**_next(job, by))


def _next(job: TrainingJob, by: Provenance) -> Any:
    return envelope(by, job.id, job.version + 1)


def _require_open(job: TrainingJob) -> None:
    if job.status in ENDED:
        message = f"Training job {job.id} has ended: it is {job.status}."
        raise JobEnded(message, id=str(job.id), status=job.status)


def _require_held(job: TrainingJob, attempt: int) -> None:
    if job.status is not JobStatus.RUNNING or job.attempt != attempt:
        message = f"Attempt {attempt} does not hold training job {job.id} any more: it is {job.status}."
        raise LeaseLost(message, id=str(job.id), attempt=attempt)


@singledispatch
def _changes(event: object, job: TrainingJob) -> dict[str, Any]:
    msg = f"{type(event).__qualname__} is no event of a training job"
    raise TypeError(msg)


@_changes.register
def _(event: TrainingJobStarted, job: TrainingJob) -> dict[str, Any]:
    return {"status": JobStatus.RUNNING, "attempt": event.attempt}


@_changes.register
def _(event: TrainingJobProgressed, job: TrainingJob) -> dict[str, Any]:
    return {}


@_changes.register
def _(event: TrainingJobInterrupted, job: TrainingJob) -> dict[str, Any]:
    lost = job.workers_lost + (event.cause is InterruptionCause.WORKER_LOST)
    return {"status": JobStatus.PENDING, "workers_lost": lost}


@_changes.register
def _(event: TrainingJobCompleted, job: TrainingJob) -> dict[str, Any]:
    return {"status": JobStatus.COMPLETED}


@_changes.register
def _(event: TrainingJobFailed, job: TrainingJob) -> dict[str, Any]:
    return {"status": JobStatus.FAILED}


@_changes.register
def _(event: TrainingJobCancellationRequested, job: TrainingJob) -> dict[str, Any]:
    return {"is_cancellation_requested": True}


@_changes.register
def _(event: TrainingJobCancelled, job: TrainingJob) -> dict[str, Any]:
    return {"status": JobStatus.CANCELLED}


def evolve(job: TrainingJob | None, event: TrainingJobEvent) -> TrainingJob:
    """Return the job after the event."""
    if isinstance(event, TrainingJobRequested):
        return TrainingJob(
            id=event.originator_id,
            version=event.originator_version,
            model_id=event.model_id,
            plan=event.plan,
            correlation_id=event.provenance.correlation_id,
            last_event_id=event.event_id,
        )
    if job is None:
        msg = f"stream {event.originator_id} does not begin with training-job.requested"
        raise ValueError(msg)
    version = event.originator_version
    return job.model_copy(update={"version": version, "last_event_id": event.event_id, **_changes(event, job)})
