"""What a worker does for a batch prediction: it has rows predicted for, and registers what results."""

from collections.abc import Callable

from application.batches.handlers import Attempts
from application.jobs.recording import Steps
from application.ports.batch_predictor import BatchPredictor
from application.ports.clock import Clock
from domain.batches.batch import BATCH_PREDICTION, BatchPrediction
from domain.batches.values import PredictedTable


class BatchWork:
    """Predicts, and registers the dataset.

    Args:
        attempts: What is said of jobs.
        predictor: Predicts.
        clock: Tells when progress is worth recording.
    """

    kind = BATCH_PREDICTION

    def __init__(self, *, attempts: Attempts, predictor: BatchPredictor, clock: Clock) -> None:
        self.attempts = attempts
        self._predictor = predictor
        self._clock = clock

    def do(self, job: BatchPrediction, *, should_stop: Callable[[], bool]) -> PredictedTable:
        """Return the table.

        Raises:
            WorkStopped: `should_stop` said True.
            WorkFailed: There is no table.
            LeaseLost: The attempt does not hold the job any more.
        """
        steps = Steps(self._clock)

        def on_rows(rows: int) -> None:
            percent = min(100, 100 * rows // job.plan.contents.rows)
            if steps.is_due(percent):
                self.attempts.progress(job.id, job.attempt, percent=percent, rows=rows)
                steps.recorded(percent)

        return self._predictor.predict(job.plan, on_rows=on_rows, should_stop=should_stop)

    def complete(self, job: BatchPrediction, outcome: PredictedTable) -> None:
        """Register the dataset and end the job.

        Raises:
            LeaseLost: The attempt does not hold the job any more.
        """
        self.attempts.complete(job.id, job.attempt, outcome)
