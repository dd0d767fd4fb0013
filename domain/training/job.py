"""The training job: pending → running → completed | failed | cancelled, with attempts held by workers."""

from typing import Any, assert_never
from uuid import UUID

from domain.bounds import require_bounded
from domain.errors import InvalidInput
from domain.kernel import Aggregate, Envelope, Provenance, envelope
from domain.training.errors import CancellationNotRequested, JobEnded, LeaseLost
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
ERROR_MAX_CHARS = 4_000
"""What a library or a dying process says may be longer; what is kept of it has to fit an event."""


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
        InvalidInput: Not 0 to 100 per cent, or a metric that is not finite.
    """
    _require_held(job, attempt)
    if not 0 <= percent <= 100:  # noqa: PLR2004 - per cent
        raise InvalidInput.of("progress", "must be 0 to 100 per cent.", percent)
    require_bounded(metrics=metrics)
    return TrainingJobProgressed(
        **_next(job, by), attempt=attempt, progress=percent, iteration=iteration, metrics=metrics
    )


def complete(
    job: TrainingJob, *, attempt: int, version_id: UUID, version: str, trained: TrainedModel, by: Provenance
) -> TrainingJobCompleted:
    """End the job with the version that it trained.

    Raises:
        LeaseLost: The attempt does not hold the job any more.
        InvalidInput: A metric is not finite.
    """
    _require_held(job, attempt)
    require_bounded(metrics=trained.metrics, parameters=trained.parameters)
    return TrainingJobCompleted(
        **_next(job, by), attempt=attempt, version_id=version_id, version=version, trained=trained
    )


def fail(job: TrainingJob, *, attempt: int, code: str, error: str, by: Provenance) -> TrainingJobFailed:
    """End the job without a version; of the error, what can be kept as text is kept.

    Raises:
        LeaseLost: The attempt does not hold the job any more.
    """
    _require_held(job, attempt)
    return TrainingJobFailed(**_next(job, by), attempt=attempt, code=code, error=_readable(error))


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
    if job.status is JobStatus.CANCELLED:
        return ()
    _require_open(job)
    if job.is_cancellation_requested:
        return ()
    if job.status is JobStatus.PENDING:
        return (TrainingJobCancelled(**_next(job, by)),)
    return (TrainingJobCancellationRequested(**_next(job, by)),)


def confirm_cancelled(job: TrainingJob, *, attempt: int, by: Provenance) -> TrainingJobCancelled:
    """End the job as its worker has stopped it on request.

    Raises:
        LeaseLost: The attempt does not hold the job any more.
        CancellationNotRequested: Nobody asked for it.
    """
    _require_held(job, attempt)
    if not job.is_cancellation_requested:
        message = f"Nobody asked for training job {job.id} to stop."
        raise CancellationNotRequested(message, id=str(job.id))
    return TrainingJobCancelled(**_next(job, by))


def _next(job: TrainingJob, by: Provenance) -> Envelope:
    return envelope(by, job.id, job.version + 1)


def _readable(error: str) -> str:
    text = error.encode("utf-8", "replace").decode().replace("\0", "?")
    return text if len(text) <= ERROR_MAX_CHARS else text[: ERROR_MAX_CHARS - 1] + "…"


def _require_open(job: TrainingJob) -> None:
    if job.status in ENDED:
        message = f"Training job {job.id} has ended: it is {job.status}."
        raise JobEnded(message, id=str(job.id), status=job.status)


def _require_held(job: TrainingJob, attempt: int) -> None:
    if job.status is not JobStatus.RUNNING or job.attempt != attempt:
        message = f"Attempt {attempt} does not hold training job {job.id} any more: it is {job.status}."
        raise LeaseLost(message, id=str(job.id), attempt=attempt)


def evolve(job: TrainingJob | None, event: TrainingJobEvent) -> TrainingJob:
    """Return the job after the event; refuses nothing, for history is not up for decision.

    Raises:
        ValueError: The stream does not begin with `training-job.requested`: it is no history of a job.
    """
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
        msg = f"stream {event.originator_id} does not begin with {TrainingJobRequested.TOPIC}"
        raise ValueError(msg)
    changes: dict[str, Any] = {}
    match event:
        case TrainingJobStarted():
            changes = {"status": JobStatus.RUNNING, "attempt": event.attempt}
        case TrainingJobProgressed():
            pass
        case TrainingJobInterrupted():
            lost = job.workers_lost + (event.cause is InterruptionCause.WORKER_LOST)
            changes = {"status": JobStatus.PENDING, "workers_lost": lost}
        case TrainingJobCompleted():
            changes = {"status": JobStatus.COMPLETED}
        case TrainingJobFailed():
            changes = {"status": JobStatus.FAILED}
        case TrainingJobCancellationRequested():
            changes = {"is_cancellation_requested": True}
        case TrainingJobCancelled():
            changes = {"status": JobStatus.CANCELLED}
        case _:
            assert_never(event)
    at = {"version": event.originator_version, "last_event_id": event.event_id}
    return job.model_copy(update={**at, **changes})
