from collections.abc import Callable
from uuid import UUID

import pytest

from application.execution import Executed, Outcome, execute
from application.jobs import handlers
from application.ledger import Conflict, Ledger
from application.ports.trainer import Iteration
from application.training.handlers import Attempts
from application.training.projection import TRAINING_JOBS
from domain.errors import StaleVersion
from domain.jobs.errors import JobEnded
from domain.jobs.values import JobStatus
from domain.training.job import TrainingJob
from tests.support.commands import a_context, answered
from tests.support.events import TRAINED


@pytest.fixture
def a_running_job(a_pending_job: UUID, attempts: Attempts) -> UUID:
    return attempts.start(a_pending_job).id


def cancel_while(
    happens: Callable[[int], None], job_id: UUID, ledger: Ledger, expected_version: int | None = None
) -> Executed:
    """Cancel the job; what happens after each decision, and before it is stored, is told how many there were."""
    context, decisions = a_context(expected_version=expected_version), 0

    def decide() -> Outcome[object]:
        nonlocal decisions
        outcome = handlers.cancel(job_id, documents=TRAINING_JOBS, context=context, ledger=ledger)
        decisions += 1
        happens(decisions)
        return outcome

    return execute(decide, ledger=ledger, context=context, answer=answered)


def test_a_job_is_cancelled_whatever_its_worker_tells_at_that_moment(
    an_empty_ledger: Ledger, a_running_job: UUID, attempts: Attempts
) -> None:
    def tell(decisions: int) -> None:
        if decisions <= 3:
            attempts.progress(a_running_job, 1, percent=decisions, iteration=_iteration(decisions))

    cancel_while(tell, a_running_job, an_empty_ledger)
    job = attempts.load(a_running_job)
    assert isinstance(job, TrainingJob)
    assert job.is_cancellation_requested
    assert [each.TOPIC for each in an_empty_ledger.stream(a_running_job)][-4:] == [
        *["training-job.progressed.v1"] * 3,
        "training-job.cancellation-requested.v1",
    ]


def test_a_job_that_completes_at_that_moment_has_ended(
    an_empty_ledger: Ledger, a_running_job: UUID, attempts: Attempts
) -> None:
    with pytest.raises(JobEnded):
        cancel_while(lambda _: attempts.complete(a_running_job, 1, TRAINED), a_running_job, an_empty_ledger)
    assert attempts.load(a_running_job).status is JobStatus.COMPLETED


def test_who_decided_on_a_certain_version_is_told_that_it_has_moved_on(
    an_empty_ledger: Ledger, a_running_job: UUID, attempts: Attempts
) -> None:
    version = attempts.load(a_running_job).version
    with pytest.raises(StaleVersion):
        cancel_while(
            lambda _: attempts.progress(a_running_job, 1, percent=1, iteration=_iteration(1)),
            a_running_job,
            an_empty_ledger,
            expected_version=version,
        )
    assert not attempts.load(a_running_job).is_cancellation_requested


def test_a_job_that_tells_something_without_end_is_a_conflict_in_the_end(
    an_empty_ledger: Ledger, a_running_job: UUID, attempts: Attempts
) -> None:
    def tell(decisions: int) -> None:
        attempts.progress(a_running_job, 1, percent=decisions, iteration=_iteration(decisions))

    with pytest.raises(Conflict):
        cancel_while(tell, a_running_job, an_empty_ledger)


def _iteration(number: int) -> Iteration:
    return Iteration(iteration=number, total=100, metrics={}, is_best=False)
