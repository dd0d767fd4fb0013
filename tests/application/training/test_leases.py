from uuid import UUID

import pytest

from application.jobs.leases import LeaseWatch
from application.ledger import Ledger
from application.training.handlers import Attempts
from domain.jobs import job as jobs
from domain.jobs.values import JobStatus
from domain.training.job import TrainingJob
from tests.support.commands import a_context
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.heartbeats import InMemoryHeartbeats

LEASE_S = 15.0


class Watched:
    """One running job under watch."""

    def __init__(self, ledger: Ledger, job_id: UUID, attempts: Attempts, clock: FakeClock) -> None:
        self.ledger = ledger
        self.job_id = job_id
        self.attempts = attempts
        self.clock = clock
        self.heartbeats = InMemoryHeartbeats()
        self.attempt = attempts.start(job_id).attempt
        self.watch = self.another_watch()

    def another_watch(self) -> LeaseWatch:
        return LeaseWatch(
            running=self.running,
            heartbeats=self.heartbeats,
            attempts=self.attempts,
            clock=self.clock,
            lease_s=LEASE_S,
        )

    def running(self) -> list[tuple[UUID, int]]:
        job = self.ledger.job(self.job_id, TrainingJob)
        assert job is not None
        return [(job.id, job.attempt)] if job.status is JobStatus.RUNNING else []

    def look_for(self, seconds: float, watch: LeaseWatch | None = None) -> None:
        """Look now, and every second until so many have passed."""
        (watch or self.watch).look()
        for _ in range(int(seconds)):
            self.clock.advance(1)
            (watch or self.watch).look()

    def status(self) -> JobStatus:
        job = self.ledger.job(self.job_id, TrainingJob)
        assert job is not None
        return job.status


@pytest.fixture
def a_watched_job(an_empty_ledger: Ledger, a_pending_job: UUID, attempts: Attempts, a_clock: FakeClock) -> Watched:
    return Watched(an_empty_ledger, a_pending_job, attempts, a_clock)


def test_a_job_whose_worker_is_silent_for_a_lease_waits_for_another(a_watched_job: Watched) -> None:
    a_watched_job.look_for(LEASE_S - 1)
    assert a_watched_job.status() is JobStatus.RUNNING
    a_watched_job.look_for(1)
    assert a_watched_job.status() is JobStatus.PENDING


def test_time_in_which_nobody_could_look_takes_no_job_away(a_watched_job: Watched) -> None:
    a_watched_job.heartbeats.beat(a_watched_job.job_id, a_watched_job.attempt)
    a_watched_job.look_for(LEASE_S / 5)
    a_watched_job.clock.advance(100 * LEASE_S)  # the database was away, or all of this machine was paused
    a_watched_job.look_for(LEASE_S / 5)
    assert a_watched_job.status() is JobStatus.RUNNING
    a_watched_job.look_for(LEASE_S / 2)
    assert a_watched_job.status() is JobStatus.PENDING


def test_a_worker_that_shows_signs_of_life_keeps_its_job(a_watched_job: Watched) -> None:
    for _ in range(10):
        a_watched_job.heartbeats.beat(a_watched_job.job_id, a_watched_job.attempt)
        a_watched_job.look_for(LEASE_S - 1)
    assert a_watched_job.status() is JobStatus.RUNNING


@pytest.mark.parametrize("step_s", [-3_600.0, 86_400.0])
def test_a_clock_that_steps_takes_no_job_away(a_watched_job: Watched, step_s: float) -> None:
    a_watched_job.heartbeats.beat(a_watched_job.job_id, a_watched_job.attempt)
    a_watched_job.watch.look()
    a_watched_job.clock.step(step_s)
    a_watched_job.watch.look()
    assert a_watched_job.status() is JobStatus.RUNNING


def test_a_new_watcher_gives_every_worker_a_whole_lease(a_watched_job: Watched) -> None:
    a_watched_job.look_for(LEASE_S - 1)
    watch = a_watched_job.another_watch()
    a_watched_job.look_for(LEASE_S - 1, watch)
    assert a_watched_job.status() is JobStatus.RUNNING
    a_watched_job.look_for(1, watch)
    assert a_watched_job.status() is JobStatus.PENDING


def test_the_next_attempt_is_judged_by_itself(a_watched_job: Watched) -> None:
    a_watched_job.look_for(LEASE_S)
    a_watched_job.attempts.start(a_watched_job.job_id)
    a_watched_job.look_for(LEASE_S - 1)
    assert a_watched_job.status() is JobStatus.RUNNING


def test_a_job_to_be_cancelled_whose_worker_died_ends_cancelled(a_watched_job: Watched) -> None:
    job = a_watched_job.ledger.job(a_watched_job.job_id, TrainingJob)
    assert job is not None
    a_watched_job.ledger.commit(jobs.cancel(job, by=a_context().provenance))
    a_watched_job.look_for(LEASE_S)
    assert a_watched_job.status() is JobStatus.CANCELLED


def test_a_job_that_costs_too_many_workers_fails(a_watched_job: Watched) -> None:
    for _ in range(jobs.LOST_WORKERS_MAX):
        assert a_watched_job.status() is JobStatus.RUNNING
        a_watched_job.look_for(LEASE_S)
        if a_watched_job.status() is JobStatus.PENDING:
            a_watched_job.attempts.start(a_watched_job.job_id)
    assert a_watched_job.status() is JobStatus.FAILED


def test_counters_of_jobs_and_attempts_that_ended_are_forgotten(a_watched_job: Watched) -> None:
    a_watched_job.heartbeats.beat(UUID(int=5), 1)
    a_watched_job.heartbeats.beat(a_watched_job.job_id, a_watched_job.attempt - 1)
    a_watched_job.heartbeats.beat(a_watched_job.job_id, a_watched_job.attempt)
    a_watched_job.watch.look()
    assert set(a_watched_job.heartbeats.counters()) == {(a_watched_job.job_id, a_watched_job.attempt)}
