import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from eventsourcing.persistence import OperationalError

from application.integration.iterations import TrainingJobIteratedData
from application.jobs.handlers import cancel as cancel_job
from application.jobs.worker import Worker
from application.ledger import Ledger
from application.ports.artifacts import ArtifactStoreUnreachable, ArtifactUnavailable
from application.ports.live import LiveIterations
from application.ports.reproduction import Compare
from application.ports.trainer import Rival
from application.ports.work import WorkFailed
from application.training.handlers import Attempts
from application.training.projection import TRAINING_JOBS
from application.training.repetitions import request_verification
from application.training.work import TrainingWork
from domain.commands import CommandCompleted
from domain.jobs.values import InterruptionCause, JobStatus
from domain.kernel import DomainEvent
from domain.models import model as models
from domain.models.model import Model
from domain.models.values import ModelStatus, Reproduction
from domain.training.job import TrainingJob
from infrastructure.event_store.settings import sqlite_environment
from infrastructure.system.clock import SystemClock
from infrastructure.system.identity import RandomIdentity
from tests.application.training.conftest import request_job
from tests.support.commands import a_context
from tests.support.events import TRAINED
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.heartbeats import InMemoryHeartbeats
from tests.support.fakes.identity import CountingIdentity
from tests.support.fakes.trainer import ScriptedTrainer, compared_by_url

ENOUGH_S = 20.0
ENDLESS = 10**9
"""More rounds than a test waits for."""


class Heard:
    """Keeps what is told."""

    def __init__(self) -> None:
        self.told: list[TrainingJobIteratedData] = []

    def tell(self, iteration: TrainingJobIteratedData) -> None:
        self.told.append(iteration)


@contextmanager
def working(
    ledger: Ledger,
    attempts: Attempts,
    trainer: ScriptedTrainer,
    live: LiveIterations | None = None,
    *,
    compare: Compare = compared_by_url,
    at_once: int = 1,
    check: Callable[[], None] = lambda: None,
) -> Iterator[Worker]:
    worker = Worker(
        ledger=ledger,
        works=[
            TrainingWork(attempts=attempts, trainer=trainer, compare=compare, clock=SystemClock(), live=live),
        ],
        heartbeats=InMemoryHeartbeats(),
        lease_s=1.0,
        at_once=at_once,
        check=check,
    )
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(ENOUGH_S)
        assert not thread.is_alive()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + ENOUGH_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def status_of(ledger: Ledger, job_id: UUID) -> JobStatus:
    job = ledger.job(job_id, TrainingJob)
    assert job is not None
    return job.status


def topics_of(ledger: Ledger, job_id: UUID) -> list[str]:
    return [event.TOPIC for event in ledger.stream(job_id)]


def test_a_worker_finds_jobs_that_waited_before_it_came_and_those_that_come_later(
    an_empty_ledger: Ledger, a_model: Model, a_pending_job: UUID, attempts: Attempts
) -> None:
    with working(an_empty_ledger, attempts, ScriptedTrainer()):
        wait_for(lambda: status_of(an_empty_ledger, a_pending_job) is JobStatus.COMPLETED)
        later = request_job(an_empty_ledger, a_model, UUID(int=78))
        wait_for(lambda: status_of(an_empty_ledger, later) is JobStatus.COMPLETED)
    model = an_empty_ledger.model(a_model.id)
    assert model is not None
    assert sorted(model.numbers) == ["1.0.0", "1.1.0"]


def test_what_is_trained_is_compared_with_the_version_in_production(
    an_empty_ledger: Ledger, a_model: Model, a_pending_job: UUID, attempts: Attempts
) -> None:
    trainer = ScriptedTrainer()
    with working(an_empty_ledger, attempts, trainer):
        wait_for(lambda: status_of(an_empty_ledger, a_pending_job) is JobStatus.COMPLETED)
        trained = an_empty_ledger.model(a_model.id)
        assert trained is not None
        by = a_context().provenance
        an_empty_ledger.commit(
            models.change_status(trained, reference="1.0.0", status=ModelStatus.PRODUCTION, by=by)
        )
        later = request_job(an_empty_ledger, a_model, UUID(int=78))
        wait_for(lambda: status_of(an_empty_ledger, later) is JobStatus.COMPLETED)
    assert trainer.rivals == [None, Rival(version="1.0.0", artifact_url=TRAINED.artifact_url)]


def test_progress_is_recorded_sparsely_with_the_best_iteration(
    an_empty_ledger: Ledger, a_pending_job: UUID, attempts: Attempts
) -> None:
    with working(an_empty_ledger, attempts, ScriptedTrainer(rounds=10_000)):
        wait_for(lambda: status_of(an_empty_ledger, a_pending_job) is JobStatus.COMPLETED)
    progressed = [each for each in an_empty_ledger.stream(a_pending_job) if "progressed" in each.TOPIC]
    assert 1 <= len(progressed) <= 21
    assert progressed[-1].iteration == 1


def test_each_round_is_told_at_once_however_few_are_recorded(
    an_empty_ledger: Ledger, a_pending_job: UUID, attempts: Attempts
) -> None:
    live = Heard()
    with working(an_empty_ledger, attempts, ScriptedTrainer(rounds=500), live):
        wait_for(lambda: status_of(an_empty_ledger, a_pending_job) is JobStatus.COMPLETED)
    assert [each.iteration for each in live.told] == list(range(1, 501))
    assert {(each.training_job_id, each.attempt, each.total) for each in live.told} == {(a_pending_job, 1, 500)}
    assert [each.iteration for each in live.told if each.is_best] == [1]


def test_a_worker_can_be_woken_at_any_time(
    an_empty_ledger: Ledger, a_pending_job: UUID, attempts: Attempts
) -> None:
    with working(an_empty_ledger, attempts, ScriptedTrainer()) as worker:
        worker.wake()
        wait_for(lambda: status_of(an_empty_ledger, a_pending_job) is JobStatus.COMPLETED)
        worker.wake()
    worker.wake()


def test_a_worker_does_as_many_jobs_at_a_time_as_it_may(
    an_empty_ledger: Ledger, a_model: Model, attempts: Attempts
) -> None:
    together = threading.Barrier(3)
    job_ids = [request_job(an_empty_ledger, a_model, UUID(int=number)) for number in range(77, 83)]

    def meet() -> None:
        together.wait(ENOUGH_S)

    with working(an_empty_ledger, attempts, ScriptedTrainer(meet), at_once=3):
        wait_for(lambda: all(status_of(an_empty_ledger, each) is JobStatus.COMPLETED for each in job_ids))
    for job_id in job_ids:
        assert topics_of(an_empty_ledger, job_id).count("training-job.started.v1") == 1


def test_a_worker_that_is_told_to_stop_gives_all_its_jobs_back(
    an_empty_ledger: Ledger, a_model: Model, attempts: Attempts
) -> None:
    started = threading.Barrier(3)
    job_ids = [request_job(an_empty_ledger, a_model, UUID(int=number)) for number in (77, 78)]

    def meet() -> None:
        started.wait(ENOUGH_S)

    trainer = ScriptedTrainer(meet, rounds=ENDLESS)
    with working(an_empty_ledger, attempts, trainer, at_once=2) as worker:
        started.wait(ENOUGH_S)
        worker.stop()
        wait_for(lambda: all(status_of(an_empty_ledger, each) is JobStatus.PENDING for each in job_ids))


def test_data_that_cannot_be_learned_fails_the_job_with_what_to_do(
    an_empty_ledger: Ledger, a_pending_job: UUID, attempts: Attempts
) -> None:
    def refuse() -> None:
        raise WorkFailed("All rows have the same target.", code="training.constant-target")

    with working(an_empty_ledger, attempts, ScriptedTrainer(refuse)):
        wait_for(lambda: status_of(an_empty_ledger, a_pending_job) is JobStatus.FAILED)
    *_, failed = an_empty_ledger.stream(a_pending_job)
    assert (failed.code, failed.error) == ("training.constant-target", "All rows have the same target.")


def test_a_job_that_is_cancelled_while_it_trains_ends_cancelled(
    an_empty_ledger: Ledger, a_pending_job: UUID, attempts: Attempts
) -> None:
    def cancel() -> None:
        outcome = cancel_job(a_pending_job, documents=TRAINING_JOBS, context=a_context(), ledger=an_empty_ledger)
        an_empty_ledger.commit(outcome.events)
        time.sleep(0.5)  # about as long as it takes until it is noticed

    with working(an_empty_ledger, attempts, ScriptedTrainer(cancel, rounds=ENDLESS)):
        wait_for(lambda: status_of(an_empty_ledger, a_pending_job) is JobStatus.CANCELLED)
    assert topics_of(an_empty_ledger, a_pending_job)[-2:] == [
        "training-job.cancellation-requested.v1",
        "training-job.cancelled.v1",
    ]


def test_a_worker_that_is_told_to_stop_gives_its_job_back(
    an_empty_ledger: Ledger, a_pending_job: UUID, attempts: Attempts
) -> None:
    started = threading.Event()
    with working(an_empty_ledger, attempts, ScriptedTrainer(started.set, rounds=ENDLESS)) as worker:
        assert started.wait(ENOUGH_S)
        worker.stop()
        wait_for(lambda: status_of(an_empty_ledger, a_pending_job) is JobStatus.PENDING)
    *_, interrupted = an_empty_ledger.stream(a_pending_job)
    assert interrupted.cause is InterruptionCause.WORKER_STOPPED


def test_a_worker_whose_job_was_taken_changes_nothing_and_works_on(
    an_empty_ledger: Ledger, a_model: Model, a_pending_job: UUID, attempts: Attempts
) -> None:
    taken = threading.Event()

    def lose_the_lease_once() -> None:
        if not taken.is_set():
            attempts.interrupt(a_pending_job, 1, InterruptionCause.WORKER_LOST)
            taken.set()

    with working(an_empty_ledger, attempts, ScriptedTrainer(lose_the_lease_once)):
        wait_for(lambda: status_of(an_empty_ledger, a_pending_job) is JobStatus.COMPLETED)
    assert topics_of(an_empty_ledger, a_pending_job).count("training-job.completed.v1") == 1
    job = an_empty_ledger.job(a_pending_job, TrainingJob)
    assert job is not None
    assert job.attempt == 2


@pytest.mark.parametrize("error", [RuntimeError("a bug"), OSError("disk full")])
def test_an_unforeseen_error_fails_the_job_and_the_worker_lives(
    an_empty_ledger: Ledger, a_model: Model, a_pending_job: UUID, attempts: Attempts, error: Exception
) -> None:
    raised = threading.Event()

    def raise_once() -> None:
        if not raised.is_set():
            raised.set()
            raise error

    with working(an_empty_ledger, attempts, ScriptedTrainer(raise_once)):
        wait_for(lambda: status_of(an_empty_ledger, a_pending_job) is JobStatus.FAILED)
        later = request_job(an_empty_ledger, a_model, UUID(int=78))
        wait_for(lambda: status_of(an_empty_ledger, later) is JobStatus.COMPLETED)
    *_, failed = an_empty_ledger.stream(a_pending_job)
    assert failed.code == "training.unforeseen"


@pytest.mark.parametrize("error", [OSError("disk full"), ArtifactStoreUnreachable("The store is gone.")])
def test_a_worker_that_could_keep_no_result_begins_nothing_until_it_can(
    an_empty_ledger: Ledger,
    a_pending_job: UUID,
    attempts: Attempts,
    error: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    looks = iter([error, OSError("still"), None])

    def check() -> None:
        if (found := next(looks)) is not None:
            assert status_of(an_empty_ledger, a_pending_job) is JobStatus.PENDING
            raise found

    with working(an_empty_ledger, attempts, ScriptedTrainer(), check=check):
        wait_for(lambda: status_of(an_empty_ledger, a_pending_job) is JobStatus.COMPLETED)
    assert topics_of(an_empty_ledger, a_pending_job).count("training-job.started.v1") == 1
    assert sum("No job can be begun for now" in each.getMessage() for each in caplog.records) == 1


class LosableLog(Ledger):
    """A log that cannot be written while it is lost."""

    is_lost = False
    refused = 0

    def commit(self, events: Sequence[DomainEvent], record: CommandCompleted | None = None) -> int:
        if self.is_lost:
            self.refused += 1
            raise OperationalError("The server is gone.")
        return super().commit(events, record)


@pytest.fixture
def a_losable_log(an_empty_ledger: Ledger, tmp_path: Path) -> Iterator[LosableLog]:
    """The log of the other fixtures, over a connection of its own."""
    with LosableLog(sqlite_environment(tmp_path / "events.db")) as log:
        yield log


@pytest.mark.parametrize("end", [JobStatus.COMPLETED, JobStatus.FAILED])
def test_what_came_of_a_training_is_recorded_once_the_log_can_be_written_again(
    a_losable_log: LosableLog, a_pending_job: UUID, a_clock: FakeClock, end: JobStatus
) -> None:
    attempts = Attempts(ledger=a_losable_log, identity=CountingIdentity(), clock=a_clock, actor="worker:1")

    def lose_the_log() -> None:
        a_losable_log.is_lost = True

    def fail() -> None:
        if end is JobStatus.FAILED:
            raise WorkFailed("All rows have the same target.", code="training.constant-target")

    trainer = ScriptedTrainer(lose_the_log, fail)
    with working(a_losable_log, attempts, trainer):
        wait_for(lambda: a_losable_log.refused > 1)
        assert status_of(a_losable_log, a_pending_job) is JobStatus.RUNNING
        a_losable_log.is_lost = False
        wait_for(lambda: status_of(a_losable_log, a_pending_job) is end)
    job = a_losable_log.job(a_pending_job, TrainingJob)
    assert job is not None
    assert (job.attempt, len(trainer.rivals)) == (1, 1)


def test_a_job_that_cannot_be_begun_waits_until_the_log_can_be_written_again(
    a_losable_log: LosableLog, a_pending_job: UUID, a_clock: FakeClock
) -> None:
    attempts = Attempts(ledger=a_losable_log, identity=CountingIdentity(), clock=a_clock, actor="worker:1")
    a_losable_log.is_lost = True
    with working(a_losable_log, attempts, ScriptedTrainer()):
        wait_for(lambda: a_losable_log.refused > 0)
        a_losable_log.is_lost = False
        wait_for(lambda: status_of(a_losable_log, a_pending_job) is JobStatus.COMPLETED)


def verification_of(ledger: Ledger, version: str) -> UUID:
    """Let a job wait that trains a version again."""
    outcome = request_verification(
        "churn",
        version,
        context=a_context(),
        ledger=ledger,
        identity=RandomIdentity(),
        version_here=TRAINED.environment.get,
    )
    ledger.commit(outcome.events)
    (requested,) = outcome.events
    return UUID(str(requested.originator_id))


def test_a_verification_is_recorded_of_the_version_and_gives_no_other(
    an_empty_ledger: Ledger, a_model: Model, a_pending_job: UUID, attempts: Attempts
) -> None:
    trainer = ScriptedTrainer()
    with working(an_empty_ledger, attempts, trainer):
        wait_for(lambda: status_of(an_empty_ledger, a_pending_job) is JobStatus.COMPLETED)
        verifying = verification_of(an_empty_ledger, "1.0.0")
        wait_for(lambda: status_of(an_empty_ledger, verifying) is JobStatus.COMPLETED)
    model = an_empty_ledger.model(a_model.id)
    assert model is not None
    assert list(model.numbers) == ["1.0.0"]
    verified = an_empty_ledger.event(a_model.id, model.version)
    assert (verified.TOPIC, verified.reproduced, verified.differences) == ("model.version-verified.v1", True, ())
    assert (verified.version, verified.training_job_id) == ("1.0.0", verifying)
    *_, completed = an_empty_ledger.stream(verifying)
    assert (completed.version_id, completed.version) == (verified.version_id, "1.0.0")
    assert completed.provenance.command_id == verified.provenance.command_id
    assert trainer.reported == [True, False]


def test_a_verification_of_what_cannot_be_read_any_more_fails_and_says_nothing_of_the_version(
    an_empty_ledger: Ledger, a_model: Model, a_pending_job: UUID, attempts: Attempts
) -> None:
    def gone(expected: str, _: str) -> Reproduction:
        raise ArtifactUnavailable("It is gone.", url=expected)

    with working(an_empty_ledger, attempts, ScriptedTrainer(), compare=gone):
        wait_for(lambda: status_of(an_empty_ledger, a_pending_job) is JobStatus.COMPLETED)
        verifying = verification_of(an_empty_ledger, "1.0.0")
        wait_for(lambda: status_of(an_empty_ledger, verifying) is JobStatus.FAILED)
    *_, failed = an_empty_ledger.stream(verifying)
    assert (failed.code, failed.error) == ("artifact.unavailable", "It is gone.")
    assert "model.version-verified.v1" not in topics_of(an_empty_ledger, a_model.id)
