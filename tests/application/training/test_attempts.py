from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from application.ledger import Ledger
from application.models import handlers
from application.training.handlers import Attempts
from application.training.repetitions import request_verification
from domain.errors import DomainError
from domain.jobs.errors import JobEnded, LeaseLost
from domain.jobs.values import InterruptionCause, JobStatus
from domain.models.model import Model
from domain.models.values import Reproduction
from domain.training.job import TrainingJob
from infrastructure.system.identity import RandomIdentity
from tests.support.commands import a_context, add_version
from tests.support.events import TRAINED
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.identity import CountingIdentity


def status_of(ledger: Ledger, job_id: UUID) -> JobStatus:
    job = ledger.job(job_id, TrainingJob)
    assert job is not None
    return job.status


def test_of_many_workers_one_holds_the_job(an_empty_ledger: Ledger, a_pending_job: UUID) -> None:
    def start(number: int) -> bool:
        attempts = Attempts(
            ledger=an_empty_ledger, identity=CountingIdentity(), clock=FakeClock(), actor=f"worker:{number}"
        )
        try:
            attempts.start(a_pending_job)
        except DomainError:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(start, range(6))) == 1
    assert status_of(an_empty_ledger, a_pending_job) is JobStatus.RUNNING


def test_the_version_is_registered_in_the_transaction_that_completes_the_job(
    an_empty_ledger: Ledger, a_model: Model, a_pending_job: UUID, attempts: Attempts
) -> None:
    attempt = attempts.start(a_pending_job).attempt
    head = an_empty_ledger.head()
    attempts.complete(a_pending_job, attempt, TRAINED)
    completed, registered = (each.event for each in an_empty_ledger.read(after=head, limit=10))
    assert (completed.TOPIC, registered.TOPIC) == ("training-job.completed.v1", "model.version-registered.v1")
    assert completed.version_id == registered.version_id
    assert registered.version == "1.0.0"
    assert registered.training_job_id == a_pending_job


def test_what_a_job_brings_about_leads_back_to_its_request(
    an_empty_ledger: Ledger, a_pending_job: UUID, attempts: Attempts
) -> None:
    requested, *_ = an_empty_ledger.stream(a_pending_job)
    attempt = attempts.start(a_pending_job).attempt
    attempts.complete(a_pending_job, attempt, TRAINED)
    _, started, completed = an_empty_ledger.stream(a_pending_job)
    assert started.provenance.causation_id == requested.event_id
    assert completed.provenance.causation_id == started.event_id
    assert completed.provenance.correlation_id == requested.provenance.correlation_id


def test_a_model_that_changes_all_the_time_does_not_fail_a_trained_job(
    an_empty_ledger: Ledger, a_model: Model, a_pending_job: UUID, attempts: Attempts
) -> None:
    attempt = attempts.start(a_pending_job).attempt
    identity = CountingIdentity()

    def disturb(_: int) -> None:
        for _ in range(20):
            try:
                add_version(an_empty_ledger, a_model, identity=identity)
            except DomainError:
                continue

    with ThreadPoolExecutor(2) as threads:
        disturbing = threads.map(disturb, range(1))
        attempts.complete(a_pending_job, attempt, TRAINED)
        list(disturbing)
    assert status_of(an_empty_ledger, a_pending_job) is JobStatus.COMPLETED


def test_a_job_whose_model_was_retired_meanwhile_fails_and_says_so(
    an_empty_ledger: Ledger, a_pending_job: UUID, attempts: Attempts
) -> None:
    attempt = attempts.start(a_pending_job).attempt
    retired = handlers.retire_model("churn", context=a_context(), ledger=an_empty_ledger)
    an_empty_ledger.commit(retired.events)
    attempts.complete(a_pending_job, attempt, TRAINED)
    *_, failed = an_empty_ledger.stream(a_pending_job)
    assert (failed.TOPIC, failed.code) == ("training-job.failed.v1", "model.retired")


def test_a_verification_whose_model_was_retired_meanwhile_fails_and_says_so(
    an_empty_ledger: Ledger, a_pending_job: UUID, attempts: Attempts
) -> None:
    attempts.complete(a_pending_job, attempts.start(a_pending_job).attempt, TRAINED)
    requested = request_verification(
        "churn",
        "1.0.0",
        context=a_context(),
        ledger=an_empty_ledger,
        identity=RandomIdentity(),
        version_here=TRAINED.environment.get,
    )
    an_empty_ledger.commit(requested.events)
    (verifying,) = (each.originator_id for each in requested.events)
    attempt = attempts.start(verifying).attempt
    retired = handlers.retire_model("churn", context=a_context(), ledger=an_empty_ledger)
    an_empty_ledger.commit(retired.events)
    attempts.verify(verifying, attempt, TRAINED, Reproduction(reproduced=True, differences=()))
    *_, failed = an_empty_ledger.stream(verifying)
    assert (failed.TOPIC, failed.code) == ("training-job.failed.v1", "model.retired")


def test_a_worker_that_slept_past_its_lease_finds_all_it_says_refused(
    an_empty_ledger: Ledger, a_pending_job: UUID, attempts: Attempts
) -> None:
    first = attempts.start(a_pending_job).attempt
    attempts.interrupt(a_pending_job, first, InterruptionCause.WORKER_LOST)
    second = attempts.start(a_pending_job).attempt
    assert second == first + 1
    with pytest.raises(LeaseLost):
        attempts.complete(a_pending_job, first, TRAINED)
    with pytest.raises(LeaseLost):
        attempts.fail(a_pending_job, first, code="x", error="y")
    attempts.complete(a_pending_job, second, TRAINED)
    with pytest.raises(JobEnded):
        attempts.start(a_pending_job)
