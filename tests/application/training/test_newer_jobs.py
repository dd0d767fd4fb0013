"""A worker that meets what it cannot read leaves that alone, and works on the rest."""

from collections.abc import Callable
from uuid import UUID

import pytest

from application.jobs.leases import LeaseWatch
from application.ledger import Ledger
from application.training.handlers import Attempts
from domain.errors import UnreadableHistory
from domain.jobs.values import JobStatus
from domain.models.model import Model
from infrastructure.system.identity import RandomIdentity
from tests.application.training.conftest import request_job
from tests.application.training.test_worker import status_of, topics_of, wait_for, working
from tests.support.commands import a_registered_model
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.heartbeats import InMemoryHeartbeats
from tests.support.fakes.trainer import ScriptedTrainer
from tests.support.newer_program import store_newer_event

PAUSED = "training-job.paused.v1"
REQUESTED, STARTED, UNKNOWN = "training-job.requested.v1", "training-job.started.v1", "unknown"


def once(happening: Callable[[], object]) -> Callable[[], None]:
    """Return a step of a training in which this happens, the first time."""
    left = [happening]

    def step() -> None:
        if left:
            left.pop()()

    return step


@pytest.fixture
def another_model(an_empty_ledger: Ledger, a_model: Model) -> Model:
    return a_registered_model(an_empty_ledger, "other", identity=RandomIdentity())


def completes_another(ledger: Ledger, model: Model) -> None:
    other = request_job(ledger, model, UUID(int=99))
    wait_for(lambda: status_of(ledger, other) is JobStatus.COMPLETED)


def test_a_job_with_a_newer_event_is_left_alone(
    an_empty_ledger: Ledger, a_model: Model, a_pending_job: UUID, attempts: Attempts
) -> None:
    store_newer_event(an_empty_ledger, a_pending_job, version=2, topic=PAUSED)
    with working(an_empty_ledger, attempts, ScriptedTrainer()):
        completes_another(an_empty_ledger, a_model)
    assert topics_of(an_empty_ledger, a_pending_job) == [REQUESTED, UNKNOWN]


def test_a_job_for_a_model_with_a_newer_event_is_left_to_a_program_that_can_record_its_version(
    an_empty_ledger: Ledger, a_model: Model, a_pending_job: UUID, another_model: Model, attempts: Attempts
) -> None:
    store_newer_event(an_empty_ledger, a_model.id, version=2)
    with working(an_empty_ledger, attempts, ScriptedTrainer()):
        completes_another(an_empty_ledger, another_model)
    assert topics_of(an_empty_ledger, a_pending_job) == [REQUESTED]


def test_a_job_that_a_newer_program_meddles_with_is_abandoned(
    an_empty_ledger: Ledger, a_model: Model, a_pending_job: UUID, attempts: Attempts
) -> None:
    trainer = ScriptedTrainer(
        once(lambda: store_newer_event(an_empty_ledger, a_pending_job, version=3, topic=PAUSED))
    )
    with working(an_empty_ledger, attempts, trainer):
        completes_another(an_empty_ledger, a_model)
    assert topics_of(an_empty_ledger, a_pending_job) == [REQUESTED, STARTED, UNKNOWN]


def test_a_job_whose_model_becomes_newer_while_it_trains_is_abandoned_and_not_begun_again(
    an_empty_ledger: Ledger, a_model: Model, a_pending_job: UUID, another_model: Model, attempts: Attempts
) -> None:
    trainer = ScriptedTrainer(once(lambda: store_newer_event(an_empty_ledger, a_model.id, version=2)))
    with working(an_empty_ledger, attempts, trainer):
        completes_another(an_empty_ledger, another_model)
    assert status_of(an_empty_ledger, a_pending_job) is JobStatus.RUNNING
    with pytest.raises(UnreadableHistory):
        attempts.start(a_pending_job)


def test_who_watches_over_leases_leaves_it_alone_as_well(
    an_empty_ledger: Ledger, a_pending_job: UUID, attempts: Attempts, a_clock: FakeClock
) -> None:
    attempts.start(a_pending_job)
    store_newer_event(an_empty_ledger, a_pending_job, version=3, topic=PAUSED)
    watch = LeaseWatch(
        running=lambda: [(a_pending_job, 1)],
        heartbeats=InMemoryHeartbeats(),
        attempts=attempts,
        clock=a_clock,
        lease_s=1.0,
    )
    for _ in range(3):
        watch.look()
        a_clock.advance(2.0)
    assert topics_of(an_empty_ledger, a_pending_job) == [REQUESTED, STARTED, UNKNOWN]
