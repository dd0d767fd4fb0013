"""What workers, and who watches over them, say of jobs."""

import logging
from collections.abc import Callable, Sequence
from typing import Generic
from uuid import UUID

from eventsourcing.persistence import OperationalError

from application.jobs.handlers import load
from application.ledger import Conflict, Ledger
from application.ports.clock import Clock
from application.ports.identity import Identity
from domain.jobs import job as jobs
from domain.jobs.job import AnyJob
from domain.jobs.values import InterruptionCause
from domain.kernel import DomainEvent, Provenance

_log = logging.getLogger(__name__)


class Attempts(Generic[AnyJob]):
    """What is said of jobs, of whatever kind. Each call is one transaction.

    Args:
        ledger: Where it is decided.
        identity: Gives ids to commands, and to what jobs bring about.
        clock: Tells when they are decided.
        actor: Who says it, as events will name it.

    Attributes:
        OF: The class of the jobs.
    """

    OF: type[AnyJob]

    def __init__(self, *, ledger: Ledger, identity: Identity, clock: Clock, actor: str) -> None:
        self._ledger = ledger
        self._identity = identity
        self._clock = clock
        self._actor = actor

    def load(self, job_id: UUID) -> AnyJob:
        """Return the job.

        Raises:
            JobNotFound: There is none.
        """
        return load(job_id, of=self.OF, ledger=self._ledger)

    def start(self, job_id: UUID) -> AnyJob:
        """Hold the job; what is returned says the attempt.

        Raises:
            JobNotFound: There is none.
            LeaseLost, JobEnded, Conflict: Another worker was faster.
            UnreadableHistory: This program cannot read all of the job.
        """
        job = self.load(job_id)
        started = jobs.start(job, worker=self._actor, by=self._caused_by(job))
        self._ledger.commit([started])
        return jobs.moved_on(job, started, kind=job.KIND)  # not read again: it may be another's attempt by then

    def fail(self, job_id: UUID, attempt: int, *, code: str, error: str) -> None:
        """End the job without what it was asked for.

        Raises:
            LeaseLost: The attempt does not hold the job any more.
        """
        self.decide(job_id, lambda job, by: [jobs.fail(job, attempt=attempt, code=code, error=error, by=by)])

    def interrupt(self, job_id: UUID, attempt: int, cause: InterruptionCause) -> None:
        """End the attempt, so that another worker can take the job.

        Raises:
            LeaseLost: It does not hold the job any more.
        """
        self.decide(job_id, lambda job, by: [jobs.interrupt(job, attempt=attempt, cause=cause, by=by)])

    def confirm_cancelled(self, job_id: UUID, attempt: int) -> None:
        """End the job as its worker has stopped it on request.

        Raises:
            LeaseLost: The attempt does not hold the job any more.
        """
        self.decide(job_id, lambda job, by: [jobs.confirm_cancelled(job, attempt=attempt, by=by)])

    def decide(self, job_id: UUID, decide: Callable[[AnyJob, Provenance], Sequence[DomainEvent]]) -> None:
        """Store what is decided on the job, and decide again for as long as others are faster.

        Raises:
            DomainError: As `decide` refuses.
        """
        while True:
            job = self.load(job_id)
            try:
                self._ledger.commit(decide(job, self._caused_by(job)))
            except Conflict:
                continue  # somebody was faster: decide again on what is true now, until held or refused
            return

    def note(self, job_id: UUID, decide: Callable[[AnyJob, Provenance], Sequence[DomainEvent]]) -> None:
        """Store what is decided on the job; while the log cannot be used it is left out, and nobody waits.

        Raises:
            DomainError: As `decide` refuses.
        """
        try:
            self.decide(job_id, decide)
        except OperationalError as error:
            _log.warning("%s %s: its progress is not recorded: %s", self.OF.KIND.noun, job_id, error)

    def _caused_by(self, job: AnyJob) -> Provenance:
        return Provenance(
            timestamp=self._clock.now(),
            actor=self._actor,
            correlation_id=job.correlation_id,
            causation_id=job.last_event_id,
            command_id=self._identity.new_id(),
        )
