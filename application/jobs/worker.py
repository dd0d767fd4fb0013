"""A worker: finds jobs that wait, holds them, does what they ask for, and says how they ended."""

import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager

from application.jobs.open_jobs import OpenJobs, Pending, topics
from application.jobs.work import Work
from application.ledger import Conflict, Ledger
from application.ports.event_log import Following
from application.ports.heartbeats import Heartbeats
from application.ports.work import WorkStopped
from domain.errors import DomainError, NotFound, UnreadableHistory
from domain.jobs.errors import JobEnded, LeaseLost
from domain.jobs.job import Job
from domain.jobs.values import InterruptionCause

_log = logging.getLogger(__name__)

BEATS_PER_LEASE = 5
_PAGE = 1000
_IDLE_S = 1.0


class Worker:
    """Does one job after the other, or several at a time, the most urgent first, until told to stop.

    Args:
        ledger: Where jobs are found.
        works: What it can do; no two for one kind of jobs.
        heartbeats: Where it shows signs of life.
        lease_s: How long the others wait for one before they take a job away.
        at_once: How many jobs it does at a time, each by a thread that lives as long as the worker runs.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        works: Sequence[Work],
        heartbeats: Heartbeats,
        lease_s: float,
        at_once: int = 1,
    ) -> None:
        self._ledger = ledger
        self._works = {work.kind.requested: work for work in works}
        self._topics = topics(work.kind for work in works)
        self._heartbeats = heartbeats
        self._lease_s = lease_s
        self._at_once = at_once
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
            job: Job = work.attempts.start(job_id)
        except (LeaseLost, JobEnded, Conflict, NotFound, UnreadableHistory) as refusal:
            _log.info("%s %s: %s", work.kind.noun, job_id, refusal.message)
            return
        with self._beating(job):
            try:
                self._carry_out(work, job)
            except (LeaseLost, UnreadableHistory) as lost:
                _log.warning("%s %s: %s", work.kind.noun, job_id, lost.message)
        self._heartbeats.clear(job_id, job.attempt)

    def _carry_out(self, work: Work, job: Job) -> None:
        try:
            outcome = work.do(job, should_stop=lambda: self._is_to_stop(job))
        except WorkStopped:
            self._stopped(work, job)
        except (LeaseLost, UnreadableHistory):
            raise
        except DomainError as failure:
            work.attempts.fail(job.id, job.attempt, code=failure.code, error=failure.message)
        except Exception as error:
            _log.exception("%s %s", work.kind.noun, job.id)
            message = f"The worker met an error it does not know: {error!r}. Its log says more."
            work.attempts.fail(job.id, job.attempt, code=f"{work.kind.code}.unforeseen", error=message)
        else:
            work.complete(job, outcome)

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
                except Exception:
                    _log.exception("%s %s: no heartbeat could be written", job.KIND.noun, job.id)
                if done.wait(self._lease_s / BEATS_PER_LEASE):
                    return

        thread = threading.Thread(target=beat, name="worker-heartbeat")
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
