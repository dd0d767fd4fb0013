"""What waits for a worker is told in figures."""

from datetime import timedelta
from uuid import UUID

from application.batches.projection import BATCH_PREDICTIONS
from application.jobs.backlog import backlog
from application.training.projection import TRAINING_JOBS
from domain.kernel import DomainEvent
from tests.support.events import (
    PROVENANCE,
    batch_prediction_requested,
    training_job_cancelled,
    training_job_requested,
    training_job_started,
)
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.read_models import InMemoryReadModels

AGE_S = 90.0


def job(number: int) -> UUID:
    return UUID(int=number)


def test_jobs_that_wait_and_run_are_counted_and_the_oldest_that_waits_tells_its_age() -> None:
    clock = FakeClock()
    asked_for = PROVENANCE.model_copy(update={"timestamp": clock.now() - timedelta(seconds=AGE_S)})
    history: list[DomainEvent] = [
        *(training_job_requested(originator_id=job(number), provenance=asked_for) for number in range(1, 5)),
        training_job_started(originator_id=job(2)),
        training_job_cancelled(originator_id=job(3)),
        batch_prediction_requested(originator_id=job(5), provenance=asked_for),
    ]
    read_models = InMemoryReadModels()
    assert backlog(read_models, clock=clock) == {"waiting": 0, "running": 0, "oldest_waiting_s": 0.0}
    with read_models.page(after=0, upto=len(history)) as rows:
        for position, event in enumerate(history, start=1):
            for documents in (TRAINING_JOBS, BATCH_PREDICTIONS):
                documents.project(event, position, rows)
    assert backlog(read_models, clock=clock) == {"waiting": 3, "running": 1, "oldest_waiting_s": AGE_S}
