"""The jobs that have not ended, as far as the log has been read: where workers find work, and learn of its end."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from uuid import UUID

from domain.jobs.events import (
    JobCancellationRequested,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobInterrupted,
    JobRequested,
    JobStarted,
)
from domain.jobs.job import Kind


def topics(kinds: Iterable[Kind]) -> tuple[str, ...]:
    """Return the topics of what opens, moves and ends jobs of these kinds; progress does not."""
    return tuple(event.TOPIC for kind in kinds for event in kind.events if event is not kind.progressed)


class Pending(NamedTuple):
    """A job that waits, the class of the event that requested it, and how many attempts there were at it."""

    job_id: UUID
    requested: type[JobRequested]
    attempts: int


@dataclass(frozen=True)
class _Open:
    requested: type[JobRequested]
    urgency: int
    attempt: int = 0
    is_held: bool = False
    is_cancellation_requested: bool = False


class OpenJobs:
    """Written by one thread that reads the log, read by those that work."""

    def __init__(self) -> None:
        self._jobs: dict[UUID, _Open] = {}
        self._is_closed = False
        self._changed = threading.Condition()

    def apply(self, event: Any) -> None:
        """Take note of an event of the log."""
        with self._changed:
            self._apply(event.originator_id, event)
            self._changed.notify_all()

    def claim(self, timeout_s: float) -> Pending | None:
        """Return the most urgent job that waits, the oldest of several; None when none came in the time, or the
        jobs are closed.

        It is offered to nobody else here until something happens to it: whether it is held, the log decides.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._pending() is not None, timeout_s)
            pending = None if self._is_closed else self._pending()
            if pending is not None:
                self._jobs[pending.job_id] = replace(self._jobs[pending.job_id], is_held=True)
            return pending

    def give_back(self, pending: Pending) -> None:
        """Offer again what was claimed, and could not be begun; unless something has happened to it since."""
        with self._changed:
            job = self._jobs.get(pending.job_id)
            if job is not None and job.attempt == pending.attempts:
                self._jobs[pending.job_id] = replace(job, is_held=False)
                self._changed.notify_all()

    def close(self) -> None:
        """Let nobody claim any more; also from a signal's handler."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def is_to_stop(self, job_id: UUID, attempt: int) -> bool:
        """Tell whether the attempt has nothing left to do: cancelled, ended, or held by another worker."""
        with self._changed:
            job = self._jobs.get(job_id)
            if job is None or job.attempt > attempt or job.is_cancellation_requested:
                return True
            return job.attempt == attempt and not job.is_held

    def is_cancellation_requested(self, job_id: UUID) -> bool:
        """Tell whether somebody wants the job to stop."""
        with self._changed:
            job = self._jobs.get(job_id)
            return job is not None and job.is_cancellation_requested

    def _pending(self) -> Pending | None:
        waiting = [(job_id, job) for job_id, job in self._jobs.items() if not job.is_held]
        if not waiting:
            return None
        job_id, job = max(waiting, key=lambda each: each[1].urgency)  # the first of several, which is the oldest
        return Pending(job_id, job.requested, job.attempt)

    def _apply(self, job_id: UUID, event: Any) -> None:
        if isinstance(event, JobRequested):
            self._jobs[job_id] = _Open(requested=type(event), urgency=event.urgency)
            return
        job = self._jobs.get(job_id)
        if job is None:  # its request cannot be read
            return
        match event:
            case JobStarted():
                self._jobs[job_id] = replace(job, attempt=event.attempt, is_held=True)
            case JobInterrupted():
                self._jobs[job_id] = replace(job, is_held=False)
            case JobCancellationRequested():
                self._jobs[job_id] = replace(job, is_cancellation_requested=True)
            case JobCompleted() | JobFailed() | JobCancelled():
                del self._jobs[job_id]
            case _:
                pass
