"""A worker that can do both kinds of work does each for its jobs."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest

from application.batches.handlers import Attempts
from application.batches.projection import BATCH_PREDICTIONS
from application.batches.work import BatchWork
from application.jobs.handlers import cancel as cancel_job
from application.jobs.worker import Worker
from application.ledger import Ledger
from application.ports.work import WorkFailed, WorkStopped
from application.training.handlers import Attempts as TrainingAttempts
from application.training.work import TrainingWork
from domain.batches.batch import BatchPrediction
from domain.batches.values import BatchPlan, PredictedTable
from domain.jobs.values import JobStatus
from domain.training.job import TrainingJob
from infrastructure.system.clock import SystemClock
from infrastructure.system.identity import RandomIdentity
from tests.application.batches.conftest import request_batch
from tests.application.training.conftest import request_job
from tests.support.commands import a_context, a_registered_model
from tests.support.events import PREDICTED
from tests.support.fakes.heartbeats import InMemoryHeartbeats
from tests.support.fakes.trainer import ScriptedTrainer, compared_by_url
from tests.support.processes import eventually

ENDLESS = 10**9
"""More parts than a test waits for."""


class ScriptedBatchPredictor:
    """Calls each step of its script in order, then gives a table."""

    def __init__(self, *script: Callable[[], None], parts: int = 4) -> None:
        self._script = script
        self._parts = parts

    def predict(
        self, plan: BatchPlan, *, on_rows: Callable[[int], None], should_stop: Callable[[], bool]
    ) -> PredictedTable:
        for step in self._script:
            step()
        for part in range(1, self._parts + 1):
            if should_stop():
                raise WorkStopped
            on_rows(plan.contents.rows * part // self._parts)
        return PREDICTED


@contextmanager
def working(ledger: Ledger, predictor: ScriptedBatchPredictor) -> Iterator[Worker]:
    said = {"ledger": ledger, "identity": RandomIdentity(), "clock": SystemClock(), "actor": "worker:1"}
    works = [
        TrainingWork(
            attempts=TrainingAttempts(**said),
            trainer=ScriptedTrainer(),
            compare=compared_by_url,
            clock=SystemClock(),
        ),
        BatchWork(attempts=Attempts(**said), predictor=predictor, clock=SystemClock()),
    ]
    worker = Worker(ledger=ledger, works=works, heartbeats=InMemoryHeartbeats(), lease_s=1.0)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join()


def becomes(ledger: Ledger, job_id: UUID, status: JobStatus) -> bool:
    def is_so() -> bool:
        job = ledger.job(job_id, BatchPrediction) or ledger.job(job_id, TrainingJob)
        return job is not None and job.status is status

    return eventually(is_so)


def test_one_worker_trains_and_predicts(an_empty_ledger: Ledger, a_pending_batch: UUID) -> None:
    model = a_registered_model(an_empty_ledger, "churn", identity=RandomIdentity())
    training = request_job(an_empty_ledger, model, UUID(int=77))
    with working(an_empty_ledger, ScriptedBatchPredictor()):
        assert becomes(an_empty_ledger, a_pending_batch, JobStatus.COMPLETED)
        assert becomes(an_empty_ledger, training, JobStatus.COMPLETED)
        later = request_batch(an_empty_ledger, UUID(int=89))
        assert becomes(an_empty_ledger, later, JobStatus.COMPLETED)


def test_progress_is_recorded_sparsely(an_empty_ledger: Ledger, a_pending_batch: UUID) -> None:
    slowly = ScriptedBatchPredictor(lambda: time.sleep(0.6), parts=10_000)
    with working(an_empty_ledger, slowly):
        assert becomes(an_empty_ledger, a_pending_batch, JobStatus.COMPLETED)
    progressed = [each for each in an_empty_ledger.stream(a_pending_batch) if "progressed" in each.TOPIC]
    assert 1 <= len(progressed) <= 20


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (WorkFailed("It is damaged.", code="batch-prediction.dataset-changed"), None),
        (RuntimeError("a bug"), "batch-prediction.unforeseen"),
    ],
)
def test_what_goes_wrong_fails_the_job_and_the_worker_lives(
    an_empty_ledger: Ledger, a_pending_batch: UUID, error: Exception, code: str | None
) -> None:
    left = [error]

    def fail_once() -> None:
        if left:
            raise left.pop()

    with working(an_empty_ledger, ScriptedBatchPredictor(fail_once)):
        assert becomes(an_empty_ledger, a_pending_batch, JobStatus.FAILED)
        later = request_batch(an_empty_ledger, UUID(int=89))
        assert becomes(an_empty_ledger, later, JobStatus.COMPLETED)
    *_, failed = an_empty_ledger.stream(a_pending_batch)
    assert failed.code == (code or "batch-prediction.dataset-changed")


def test_a_batch_that_is_cancelled_while_it_is_worked_on_ends_cancelled(
    an_empty_ledger: Ledger, a_pending_batch: UUID
) -> None:
    def cancel() -> None:
        outcome = cancel_job(
            a_pending_batch, documents=BATCH_PREDICTIONS, context=a_context(), ledger=an_empty_ledger
        )
        an_empty_ledger.commit(outcome.events)

    with working(an_empty_ledger, ScriptedBatchPredictor(cancel, parts=ENDLESS)):
        assert becomes(an_empty_ledger, a_pending_batch, JobStatus.CANCELLED)
    registered = an_empty_ledger.read(after=0, limit=10, topics=("dataset.registered.v1",))
    assert registered == []
