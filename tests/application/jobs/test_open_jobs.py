"""Which job is offered next, and that it is offered to one."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from application.jobs.open_jobs import OpenJobs
from domain.batches.events import BatchPredictionRequested
from domain.training.events import TrainingJobRequested
from tests.support.events import (
    batch_prediction_requested,
    training_job_cancelled,
    training_job_interrupted,
    training_job_requested,
    training_job_started,
)
from tests.support.examples import examples

AT_ONCE = 0.0
ENOUGH_S = 20.0


def job(number: int) -> UUID:
    return UUID(int=number)


def waiting(*priorities: int) -> OpenJobs:
    """Return jobs 1, 2, 3, … with these priorities, requested in this order."""
    jobs = OpenJobs()
    for number, priority in enumerate(priorities, start=1):
        jobs.apply(training_job_requested(originator_id=job(number), priority=priority))
    return jobs


def claimed(jobs: OpenJobs) -> list[UUID]:
    """Claim all that wait."""
    found = []
    while (pending := jobs.claim(AT_ONCE)) is not None:
        found.append(pending.job_id)
    return found


@given(priorities=st.lists(st.integers(-9, 9), max_size=20))
@settings(max_examples=examples(20))
def test_jobs_are_begun_by_priority_and_then_in_the_order_in_which_they_were_asked_for(
    priorities: list[int],
) -> None:
    numbered = enumerate(priorities, start=1)
    assert claimed(waiting(*priorities)) == [
        job(number) for number, _ in sorted(numbered, key=lambda each: (-each[1], each[0]))
    ]


def test_a_batch_prediction_is_as_urgent_as_a_training_of_no_priority() -> None:
    jobs = waiting(-1, 0)
    jobs.apply(batch_prediction_requested(originator_id=job(3)))
    jobs.apply(training_job_requested(originator_id=job(4), priority=1))
    found = [jobs.claim(AT_ONCE) for _ in range(4)]
    assert [each.job_id for each in found if each] == [job(4), job(2), job(3), job(1)]
    assert {each.requested for each in found if each} == {TrainingJobRequested, BatchPredictionRequested}


def test_a_job_that_was_interrupted_keeps_its_turn() -> None:
    jobs = waiting(0, 0)
    assert claimed(jobs) == [job(1), job(2)]
    for number in (2, 1):
        jobs.apply(training_job_started(originator_id=job(number)))
        jobs.apply(training_job_interrupted(originator_id=job(number)))
    assert claimed(jobs) == [job(1), job(2)]


def test_a_job_that_could_not_be_begun_is_offered_again_unless_another_worker_was_faster() -> None:
    jobs = waiting(0, 0)
    first, second = jobs.claim(AT_ONCE), jobs.claim(AT_ONCE)
    assert first is not None
    assert second is not None
    jobs.apply(training_job_started(originator_id=job(1)))
    jobs.give_back(first)
    jobs.give_back(second)
    assert claimed(jobs) == [job(2)]


def test_a_job_that_another_worker_holds_or_that_has_ended_is_not_offered() -> None:
    jobs = waiting(0, 0, 0)
    jobs.apply(training_job_started(originator_id=job(1)))
    jobs.apply(training_job_cancelled(originator_id=job(2)))
    assert claimed(jobs) == [job(3)]


def test_of_many_that_look_at_the_same_moment_one_gets_each_job() -> None:
    jobs = waiting(*range(-9, 9), *range(-9, 9))
    with ThreadPoolExecutor(6) as threads:
        found = [each for some in threads.map(lambda _: claimed(jobs), range(6)) for each in some]
    assert sorted(found) == [job(number) for number in range(1, 37)]


def test_who_waits_is_given_what_comes_and_nothing_once_it_is_over() -> None:
    jobs = OpenJobs()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(jobs.claim, ENOUGH_S)
        jobs.apply(training_job_requested(originator_id=job(1)))
        found = first.result(ENOUGH_S)
        assert found is not None
        assert found.job_id == job(1)
        second = threads.submit(jobs.claim, ENOUGH_S)
        jobs.close()
        assert second.result(ENOUGH_S) is None
    jobs.apply(training_job_requested(originator_id=job(2)))
    assert jobs.claim(AT_ONCE) is None
