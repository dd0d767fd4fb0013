"""What a worker does for a training job: it has a model trained, and tells of every round."""

from collections.abc import Callable
from typing import NamedTuple

from application.integration.iterations import TrainingJobIteratedData
from application.jobs.recording import Steps
from application.ports.clock import Clock
from application.ports.live import LiveIterations
from application.ports.reproduction import Compare
from application.ports.trainer import Iteration, Trainer
from application.training.handlers import Attempts
from domain.models.values import Reproduction
from domain.training.job import TRAINING, TrainingJob
from domain.training.values import TrainedModel


class Outcome(NamedTuple):
    """What came of a training, and of a version that it verifies what differs; None where it verifies none."""

    trained: TrainedModel
    reproduction: Reproduction | None


class TrainingWork:
    """Trains, and gives the model its version, or tells whether one of its versions came out the same again.

    Args:
        attempts: What is said of jobs.
        trainer: Trains.
        compare: Holds what came out against the version that is verified.
        clock: Tells when progress is worth recording.
        live: Tells of each round at once; None where nobody can be told.
    """

    kind = TRAINING

    def __init__(
        self,
        *,
        attempts: Attempts,
        trainer: Trainer,
        compare: Compare,
        clock: Clock,
        live: LiveIterations | None = None,
    ) -> None:
        self.attempts = attempts
        self._trainer = trainer
        self._compare = compare
        self._clock = clock
        self._live = live

    def do(self, job: TrainingJob, *, should_stop: Callable[[], bool]) -> Outcome:
        """Return what was trained.

        Raises:
            WorkStopped: `should_stop` said True.
            WorkFailed: There is no model.
            ArtifactUnavailable: The version to be verified cannot be read.
            LeaseLost: The attempt does not hold the job any more.
        """
        progress = _Progress(self.attempts, job, self._clock)

        def on_iteration(iteration: Iteration) -> None:
            self._tell(job, iteration)
            progress(iteration)

        rival = self.attempts.rival_of(job)
        before = None if job.verifies is None else self.attempts.verified_artifact(job)
        trained = self._trainer.train(
            job.plan,
            is_reported=before is None,  # the version that is verified has its report
            rival=rival,
            on_iteration=on_iteration,
            should_stop=should_stop,
        )
        progress.record_best()
        return Outcome(trained, None if before is None else self._compare(before, trained.artifact_url))

    def complete(self, job: TrainingJob, outcome: Outcome) -> None:
        """Register or verify the version, and end the job.

        Raises:
            LeaseLost: The attempt does not hold the job any more.
        """
        trained, reproduction = outcome
        if reproduction is None:
            self.attempts.complete(job.id, job.attempt, trained)
        else:
            self.attempts.verify(job.id, job.attempt, trained, reproduction)

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


class _Progress:
    """Records the iterations of an attempt sparsely, and the best of them at the end."""

    def __init__(self, attempts: Attempts, job: TrainingJob, clock: Clock) -> None:
        self._attempts = attempts
        self._job = job
        self._steps = Steps(clock)
        self._recorded: Iteration | None = None
        self._last: Iteration | None = None
        self._best: Iteration | None = None

    def __call__(self, iteration: Iteration) -> None:
        self._last = iteration
        if iteration.is_best:
            self._best = iteration
        percent = self._percent(iteration)
        if self._steps.is_due(percent):
            self._record(iteration, percent)

    def record_best(self) -> None:
        """Record the best iteration, unless it was."""
        if self._best is not None and self._best != self._recorded and self._last is not None:
            self._record(self._best, self._percent(self._last))

    def _record(self, iteration: Iteration, percent: int) -> None:
        self._attempts.progress(self._job.id, self._job.attempt, percent=percent, iteration=iteration)
        self._steps.recorded(percent)
        self._recorded = iteration

    @staticmethod
    def _percent(iteration: Iteration) -> int:
        return min(100, 100 * iteration.iteration // iteration.total)
