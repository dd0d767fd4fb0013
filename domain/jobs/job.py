"""Jobs of every kind: pending → running → completed | failed | cancelled, with attempts held by workers."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, TypeVar, assert_never
from uuid import UUID

from domain.errors import InvalidInput
from domain.jobs.errors import AlreadyCompleted, CancellationNotRequested, JobEnded, LeaseLost, NotEnded
from domain.jobs.events import (
    JobCancellationRequested,
    JobCancelled,
    JobChanged,
    JobCompleted,
    JobFailed,
    JobInterrupted,
    JobProgressed,
    JobRequested,
    JobStarted,
)
from domain.jobs.values import ENDED, InterruptionCause, JobStatus
from domain.kernel import Aggregate, DomainEvent, Envelope, Provenance, envelope

LOST_WORKERS_MAX = 3
"""After so many workers died of one job, it is the job: it ends failed."""
ERROR_MAX_CHARS = 4_000
"""What a library or a dying process says may be longer; what is kept of it has to fit an event."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """In which words jobs of one kind speak.

    Attributes:
        noun: What such a job is called.
        name: What its topics, and the codes of refusals, begin with.
        code: What the codes of its failures begin with.
        remedy: What to do where it takes more memory than there is.
    """

    noun: str
    name: str
    code: str
    remedy: str
    requested: type[JobRequested]
    started: type[JobStarted]
    progressed: type[JobProgressed]
    interrupted: type[JobInterrupted]
    completed: type[JobCompleted]
    failed: type[JobFailed]
    cancellation_requested: type[JobCancellationRequested]
    cancelled: type[JobCancelled]

    @cached_property
    def events(self) -> tuple[type[DomainEvent], ...]:
        """All that can be true of such a job."""
        return (
            self.requested,
            self.started,
            self.progressed,
            self.interrupted,
            self.completed,
            self.failed,
            self.cancellation_requested,
            self.cancelled,
        )


class Job(Aggregate):
    """What decisions need to know of a job.

    Attributes:
        KIND: Of all jobs of the class.
        correlation_id: Of the request; everything that the job brings about carries it.
        last_event_id: The cause of what comes next.
        attempt: The newest attempt, 0 before the first.
        workers_lost: Attempts that ended with the death of their worker.
    """

    KIND: ClassVar[Kind]

    correlation_id: str
    last_event_id: UUID
    status: JobStatus = JobStatus.PENDING
    attempt: int = 0
    workers_lost: int = 0
    is_cancellation_requested: bool = False


AnyJob = TypeVar("AnyJob", bound=Job)


def start(job: Job, *, worker: str, by: Provenance) -> JobStarted:
    """Let a worker hold the job.

    Raises:
        JobEnded: There is nothing left to do.
        LeaseLost: Another worker holds it.
    """
    _require_open(job)
    if job.status is not JobStatus.PENDING:
        raise LeaseLost(f"{_named(job)} is held by another worker.", **_identified(job))
    return job.KIND.started(**next_place(job, by), attempt=job.attempt + 1, worker=worker)


def fail(job: Job, *, attempt: int, code: str, error: str, by: Provenance) -> JobFailed:
    """End the job without what it was asked for; of the error, what can be kept as text is kept.

    Raises:
        LeaseLost: The attempt does not hold the job any more.
    """
    require_held(job, attempt)
    return job.KIND.failed(**next_place(job, by), attempt=attempt, code=code, error=_readable(error))


def interrupt(
    job: Job, *, attempt: int, cause: InterruptionCause, by: Provenance
) -> JobInterrupted | JobFailed | JobCancelled:
    """End the attempt: the job waits again, unless it was to be cancelled or has cost too many workers.

    Raises:
        LeaseLost: The attempt does not hold the job any more.
    """
    require_held(job, attempt)
    kind = job.KIND
    if job.is_cancellation_requested:
        return kind.cancelled(**next_place(job, by))
    if cause is InterruptionCause.WORKER_LOST and job.workers_lost + 1 >= LOST_WORKERS_MAX:
        message = (
            f"{LOST_WORKERS_MAX} workers died while they worked on this job. "
            f"It may need more memory than there is: {kind.remedy}."
        )
        return kind.failed(**next_place(job, by), attempt=attempt, code=f"{kind.code}.workers-lost", error=message)
    return kind.interrupted(**next_place(job, by), attempt=attempt, cause=cause)


def cancel(job: Job, *, by: Provenance) -> tuple[JobCancellationRequested | JobCancelled, ...]:
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
        return (job.KIND.cancelled(**next_place(job, by)),)
    return (job.KIND.cancellation_requested(**next_place(job, by)),)


def confirm_cancelled(job: Job, *, attempt: int, by: Provenance) -> JobCancelled:
    """End the job as its worker has stopped it on request.

    Raises:
        LeaseLost: The attempt does not hold the job any more.
        CancellationNotRequested: Nobody asked for it.
    """
    require_held(job, attempt)
    if not job.is_cancellation_requested:
        message = f"Nobody asked for {job.KIND.noun} {job.id} to stop."
        raise CancellationNotRequested(message, **_identified(job))
    return job.KIND.cancelled(**next_place(job, by))


def require_retriable(job: Job) -> None:
    """Demand that the job has ended without what it was asked for.

    Raises:
        NotEnded: It goes on.
        AlreadyCompleted: It has given it.
    """
    if job.status not in ENDED:
        message = f"{_named(job)} has not ended: it is {job.status}. Wait for its end, or cancel it."
        raise NotEnded(message, **_identified(job), status=job.status)
    if job.status is JobStatus.COMPLETED:
        message = f"{_named(job)} has completed: there is nothing to do over."
        raise AlreadyCompleted(message, **_identified(job))


def next_place(job: Job, by: Provenance) -> Envelope:
    """Return the envelope of the event that follows."""
    return envelope(by, job.id, job.version + 1)


def require_held(job: Job, attempt: int) -> None:
    """Raise LeaseLost when the attempt does not hold the job."""
    if job.status is not JobStatus.RUNNING or job.attempt != attempt:
        message = f"Attempt {attempt} does not hold {job.KIND.noun} {job.id} any more: it is {job.status}."
        raise LeaseLost(message, **_identified(job), attempt=attempt)


def require_percentage(percent: int) -> None:
    """Raise InvalidInput when this is not 0 to 100 per cent."""
    if not 0 <= percent <= 100:  # noqa: PLR2004 - per cent
        raise InvalidInput.of("progress", "must be 0 to 100 per cent.", percent)


def begun(event: JobRequested) -> dict[str, Any]:
    """Return what is known of a job of any kind after its request."""
    return {
        "id": event.originator_id,
        "version": event.originator_version,
        "correlation_id": event.provenance.correlation_id,
        "last_event_id": event.event_id,
    }


def moved_on(job: AnyJob | None, event: JobChanged, *, kind: Kind) -> AnyJob:
    """Return the job after an event that is not its request; refuses nothing, for history is not up for decision.

    Raises:
        ValueError: The stream does not begin with the request: it is no history of such a job.
    """
    if job is None:
        msg = f"stream {event.originator_id} does not begin with {kind.requested.TOPIC}"
        raise ValueError(msg)
    changes: dict[str, Any] = {}
    match event:
        case JobStarted():
            changes = {"status": JobStatus.RUNNING, "attempt": event.attempt}
        case JobProgressed():
            pass
        case JobInterrupted():
            lost = job.workers_lost + (event.cause is InterruptionCause.WORKER_LOST)
            changes = {"status": JobStatus.PENDING, "workers_lost": lost}
        case JobCompleted():
            changes = {"status": JobStatus.COMPLETED}
        case JobFailed():
            changes = {"status": JobStatus.FAILED}
        case JobCancellationRequested():
            changes = {"is_cancellation_requested": True}
        case JobCancelled():
            changes = {"status": JobStatus.CANCELLED}
        case _:
            assert_never(event)
    at = {"version": event.originator_version, "last_event_id": event.event_id}
    return job.model_copy(update={**at, **changes})


def _readable(error: str) -> str:
    text = error.encode("utf-8", "replace").decode().replace("\0", "?")
    return text if len(text) <= ERROR_MAX_CHARS else text[: ERROR_MAX_CHARS - 1] + "…"


def _require_open(job: Job) -> None:
    if job.status in ENDED:
        message = f"{_named(job)} has ended: it is {job.status}."
        raise JobEnded(message, **_identified(job), status=job.status)


def _named(job: Job) -> str:
    return f"{job.KIND.noun.capitalize()} {job.id}"


def _identified(job: Job) -> dict[str, Any]:
    return {"kind": job.KIND.name, "id": str(job.id)}
