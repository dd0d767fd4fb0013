"""A worker: finds jobs that wait, holds them, does what they ask for, and says how they ended."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from eventsourcing.persistence import OperationalError

from application.jobs.open_jobs import OpenJobs, Pending, topics
from application.jobs.work import Work
from application.ledger import Conflict, Ledger
from application.ports.artifacts import ArtifactUnavailable
from application.ports.event_log import Following
from application.ports.heartbeats import Heartbeats
from application.ports.work import WorkStopped
from domain.errors import DomainError, NotFound, UnreadableHistory
from domain.jobs.errors import JobEnded, LeaseLost
from domain.jobs.job import Job
from domain.jobs.values import InterruptionCause

_log = logging.getLogger(__name__)

BEATS_PER_LEASE = 5
_BEAT_WITHIN_S = 3.0
"""However long this worker's lease is: what counts is that of whoever watches."""
_PAGE = 1000
_IDLE_S = 1.0
_AGAIN_S = 1.0
"""So long after the log could not be used it is tried again."""

Answer = TypeVar("Answer")


class Worker:
    """Does one job after the other, or several at a time, the most urgent first, until told to stop.

    While the log cannot be used it works on, holds what it holds, and says how a job ended when that can be said.

    Args:
        ledger: Where jobs are found.
        works: What it can do; no two for one kind of jobs.
        heartbeats: Where it shows signs of life.
        lease_s: How long the others wait for one before they take a job away.
        at_once: How many jobs it does at a time, each by a thread that lives as long as the worker runs.
        check: Raises where what comes of a job could not be kept now: then none is begun here, for another worker
            may be better off.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        works: Sequence[Work],
        heartbeats: Heartbeats,
        lease_s: float,
        at_once: int = 1,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._ledger = ledger
        self._works = {work.kind.requested: work for work in works}
        self._topics = topics(work.kind for work in works)
        self._heartbeats = heartbeats
        self._lease_s = lease_s
        self._at_once = at_once
        self._check = check
        self._is_hindered = False
        self._jobs = OpenJobs()
        self._following: Following | None = None
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End the attempts at hand, so that other workers can take their jobs, and return from `run`."""
        self._stopping.set()
        self._jobs.close()

    def wake(self) -> None:
        """Look at the log now: somebody has heard that it has more. Safe to call from any thread."""
        if (following := self._following) is not None:
            following.wake()

    def run(self) -> None:
        """Work until told to stop.

        Raises:
            Exception: The log could not be read or written any more; begin again with a new worker.
        """
        with self._reading_the_log() as failure:
            with ThreadPoolExecutor(self._at_once, thread_name_prefix="worker-job") as threads:
                working = [threads.submit(self._work, failure) for _ in range(self._at_once)]
                try:
                    for each in as_completed(working):
                        each.result()
                except BaseException:
                    self.stop()  # what one thread met the others will meet, too
                    raise
            if failure:
                raise failure[0]

    def _work(self, failure: Sequence[Exception]) -> None:
        while not failure and not self._stopping.is_set():
            pending = self._jobs.claim(_IDLE_S)
            if pending is not None and not failure:
                self._work_on(pending)

    @contextmanager
    def _reading_the_log(self) -> Iterator[list[Exception]]:
        failure: list[Exception] = []
        position = 0
        while page := self._ledger.read(after=position, limit=_PAGE, topics=self._topics):
            for recorded in page:
                self._jobs.apply(recorded.event)
            position = page[-1].position
        with self._ledger.follow(after=position, topics=self._topics) as following:
            thread = threading.Thread(target=self._read, args=(following, failure), name="worker-log")
            thread.start()
            self._following = following
            try:
                yield failure
            finally:
                self._following = None
                following.stop()
                thread.join()

    def _read(self, following: Following, failure: list[Exception]) -> None:
        try:
            for page in following:
                for recorded in page:
                    self._jobs.apply(recorded.event)
        except Exception as error:
            failure.append(error)

    def _work_on(self, pending: Pending) -> None:
        work, job_id = self._works[pending.requested], pending.job_id
        try:
            self._check()
            job: Job = work.attempts.start(job_id)
        except (LeaseLost, JobEnded, Conflict, NotFound, UnreadableHistory) as refusal:
            _log.info("%s %s: %s", work.kind.noun, job_id, refusal.message)
            return
        except (OperationalError, ArtifactUnavailable, OSError) as error:
            self._begin_later(pending, str(error))
            return
        self._is_hindered = False
        with self._beating(job):
            try:
                self._when_usable(job, self._ending(work, job))
            except (LeaseLost, UnreadableHistory) as lost:
                _log.warning("%s %s: %s", work.kind.noun, job_id, lost.message)
        try:
            self._heartbeats.clear(job_id, job.attempt)
        except Exception as error:  # whoever watches over leases clears what is left
            _log.warning("%s %s: its heartbeats cannot be cleared: %s", work.kind.noun, job_id, error)

    def _begin_later(self, pending: Pending, why: str) -> None:
        if not self._is_hindered:  # said once, however long it lasts
            _log.warning("No job can be begun for now: %s", why)
        self._is_hindered = True
        self._jobs.give_back(pending)
        self._stopping.wait(_AGAIN_S)

    def _ending(self, work: Work, job: Job) -> Callable[[], None]:
        """Do the work, and return what says how it ended."""
        fail = partial(work.attempts.fail, job.id, job.attempt)
        try:
            outcome = self._when_usable(job, partial(work.do, job, should_stop=lambda: self._is_to_stop(job)))
        except WorkStopped:
            return partial(self._stopped, work, job)
        except (LeaseLost, UnreadableHistory, OperationalError):
            raise
        except DomainError as failure:
            _log.warning("%s %s fails as %s: %s", work.kind.noun, job.id, failure.code, failure.message)
            return partial(fail, code=failure.code, error=failure.message)
        except Exception as error:
            _log.exception("%s %s", work.kind.noun, job.id)
            message = f"The worker met an error it does not know: {error!r}. Its log says more."
            return partial(fail, code=f"{work.kind.code}.unforeseen", error=message)
        return partial(work.complete, job, outcome)

    def _when_usable(self, job: Job, ask: Callable[[], Answer]) -> Answer:
        """Return the answer, asked for again for as long as the log cannot be used and nobody wants an end."""
        while True:
            try:
                return ask()
            except OperationalError as error:
                _log.warning("%s %s waits for the log: %s", job.KIND.noun, job.id, error)
                if self._stopping.wait(_AGAIN_S):
                    raise

    def _stopped(self, work: Work, job: Job) -> None:
        if self._jobs.is_cancellation_requested(job.id):
            work.attempts.confirm_cancelled(job.id, job.attempt)
        elif self._stopping.is_set():
            work.attempts.interrupt(job.id, job.attempt, InterruptionCause.WORKER_STOPPED)

    def _is_to_stop(self, job: Job) -> bool:
        return self._stopping.is_set() or self._jobs.is_to_stop(job.id, job.attempt)

    @contextmanager
    def _beating(self, job: Job) -> Iterator[None]:
        done = threading.Event()

        def beat() -> None:
            while True:
                try:
                    self._heartbeats.beat(job.id, job.attempt)
                except Exception as error:
                    _log.warning("%s %s: no heartbeat could be written: %s", job.KIND.noun, job.id, error)
                if done.wait(min(self._lease_s / BEATS_PER_LEASE, _BEAT_WITHIN_S)):
                    return

        thread = threading.Thread(target=beat, name="worker-heartbeat")
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
