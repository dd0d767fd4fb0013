"""A worker: finds a job that waits, holds it, trains, and says how it ended."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from application.integration.iterations import TrainingJobIteratedData
from application.ledger import Conflict, Ledger
from application.ports.clock import Clock
from application.ports.event_log import Following
from application.ports.heartbeats import Heartbeats
from application.ports.live import LiveIterations
from application.ports.trainer import Iteration, Trainer, TrainingStopped
from application.training.handlers import Attempts
from application.training.open_jobs import TOPICS, OpenJobs
from domain.errors import DomainError, NotFound, UnreadableHistory
from domain.training.errors import JobEnded, LeaseLost
from domain.training.job import TrainingJob
from domain.training.values import InterruptionCause

_log = logging.getLogger(__name__)

BEATS_PER_LEASE = 5
PROGRESS_STEP_PERCENT = 5
"""Progress is recorded once per step at most: 20 events a job, and the best iteration."""
PROGRESS_INTERVAL_S = 0.5
_PAGE = 1000
_IDLE_S = 1.0


class Worker:
    """Trains one job after the other, until told to stop.

    Args:
        lease_s: How long the others wait for a sign of life before they take a job away.
        live: Tells of each round at once; None where nobody can be told.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        attempts: Attempts,
        trainer: Trainer,
        heartbeats: Heartbeats,
        clock: Clock,
        lease_s: float,
        live: LiveIterations | None = None,
    ) -> None:
        self._ledger = ledger
        self._attempts = attempts
        self._trainer = trainer
        self._heartbeats = heartbeats
        self._clock = clock
        self._lease_s = lease_s
        self._live = live
        self._jobs = OpenJobs()
        self._following: Following | None = None
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End the attempt at hand, so that another worker can take its job, and return from `run`."""
        self._stopping.set()
        self._jobs.close()

    def wake(self) -> None:
        """Look at the log now: somebody has heard that it has more. Safe to call from any thread."""
        if (following := self._following) is not None:
            following.wake()

    def run(self) -> None:
        """Work until told to stop.

        Raises:
            Exception: The log could not be read any more; begin again with a new worker.
        """
        with self._reading_the_log() as failure:
            while not self._stopping.is_set():
                job_id = self._jobs.wait_for_pending(_IDLE_S)
                if failure:
                    raise failure[0]
                if job_id is not None and not self._stopping.is_set():
                    self._work_on(job_id)

    @contextmanager
    def _reading_the_log(self) -> Iterator[list[Exception]]:
        failure: list[Exception] = []
        position = 0
        while page := self._ledger.read(after=position, limit=_PAGE, topics=TOPICS):
            for recorded in page:
                self._jobs.apply(recorded.event)
            position = page[-1].position
        with self._ledger.follow(after=position, topics=TOPICS) as following:
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

    def _work_on(self, job_id: UUID) -> None:
        try:
            job = self._attempts.start(job_id)
        except (LeaseLost, JobEnded, Conflict, NotFound, UnreadableHistory) as refusal:
            _log.info("training job %s: %s", job_id, refusal.message)
            self._jobs.set_aside(job_id)
            return
        with self._beating(job):
            try:
                self._train(job)
            except (LeaseLost, UnreadableHistory) as lost:
                _log.warning("training job %s: %s", job_id, lost.message)
        self._heartbeats.clear(job_id)

    def _train(self, job: TrainingJob) -> None:
        progress = _Progress(self._attempts, job, self._clock)

        def on_iteration(iteration: Iteration) -> None:
            self._tell(job, iteration)
            progress(iteration)

        try:
            trained = self._trainer.train(
                job.plan, on_iteration=on_iteration, should_stop=lambda: self._is_to_stop(job)
            )
            progress.record_best()
        except TrainingStopped:
            self._stopped(job)
        except (LeaseLost, UnreadableHistory):
            raise
        except DomainError as failure:
            self._attempts.fail(job.id, job.attempt, code=failure.code, error=failure.message)
        except Exception as error:
            _log.exception("training job %s", job.id)
            message = f"The worker met an error it does not know: {error!r}. Its log says more."
            self._attempts.fail(job.id, job.attempt, code="training.unforeseen", error=message)
        else:
            self._attempts.complete(job.id, job.attempt, trained)

    def _tell(self, job: TrainingJob, iteration: Iteration) -> None:
        if self._live is not None:
            told = TrainingJobIteratedData(
                training_job_id=job.id,
                attempt=job.attempt,
                iteration=iteration.iteration,
                total=iteration.total,
                metrics=iteration.metrics,
                is_best=iteration.is_best,
            )
            self._live.tell(told)

    def _stopped(self, job: TrainingJob) -> None:
        if self._jobs.is_cancellation_requested(job.id):
            self._attempts.confirm_cancelled(job.id, job.attempt)
        elif self._stopping.is_set():
            self._attempts.interrupt(job.id, job.attempt, InterruptionCause.WORKER_STOPPED)

    def _is_to_stop(self, job: TrainingJob) -> bool:
        return self._stopping.is_set() or self._jobs.is_to_stop(job.id, job.attempt)

    @contextmanager
    def _beating(self, job: TrainingJob) -> Iterator[None]:
        done = threading.Event()

        def beat() -> None:
            while True:
                try:
                    self._heartbeats.beat(job.id, job.attempt)
                except Exception:
                    _log.exception("training job %s: no heartbeat could be written", job.id)
                if done.wait(self._lease_s / BEATS_PER_LEASE):
                    return

        thread = threading.Thread(target=beat, name="worker-heartbeat")
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


class _Progress:
    """Records the iterations of an attempt sparsely, and the best of them at the end."""

    def __init__(self, attempts: Attempts, job: TrainingJob, clock: Clock) -> None:
        self._attempts = attempts
        self._job = job
        self._monotonic: Callable[[], float] = clock.monotonic
        self._recorded_percent = 0
        self._recorded_at = self._monotonic()
        self._recorded: Iteration | None = None
        self._last: Iteration | None = None
        self._best: Iteration | None = None

    def __call__(self, iteration: Iteration) -> None:
        self._last = iteration
        if iteration.is_best:
            self._best = iteration
        percent = self._percent(iteration)
        is_due = self._monotonic() - self._recorded_at >= PROGRESS_INTERVAL_S
        if is_due and percent >= self._recorded_percent + PROGRESS_STEP_PERCENT:
            self._record(iteration, percent)

    def record_best(self) -> None:
        """Record the best iteration, unless it was."""
        if self._best is not None and self._best != self._recorded and self._last is not None:
            self._record(self._best, self._percent(self._last))

    def _record(self, iteration: Iteration, percent: int) -> None:
        self._attempts.progress(self._job.id, self._job.attempt, percent=percent, iteration=iteration)
        self._recorded_percent = percent
        self._recorded_at = self._monotonic()
        self._recorded = iteration

    @staticmethod
    def _percent(iteration: Iteration) -> int:
        return min(100, 100 * iteration.iteration // iteration.total)
