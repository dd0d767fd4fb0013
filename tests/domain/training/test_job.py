"""Training jobs: every command in every state."""

from typing import Any

import pytest

from domain.errors import DomainError, InvalidInput
from domain.jobs import job as jobs
from domain.jobs.errors import CancellationNotRequested, JobEnded, LeaseLost
from domain.jobs.values import ENDED, InterruptionCause, JobStatus
from domain.kernel import DomainEvent
from domain.training import job as training
from domain.training.events import (
    TrainingJobCancellationRequested,
    TrainingJobCancelled,
    TrainingJobCompleted,
    TrainingJobFailed,
    TrainingJobInterrupted,
    TrainingJobProgressed,
    TrainingJobRequested,
    TrainingJobStarted,
)
from tests.domain.histories import (
    JOB_ID,
    MODEL_ID,
    TRAINED,
    a_cancelled_job,
    a_completed_job,
    a_failed_job,
    a_job_asked_to_stop,
    a_pending_job,
    a_plan,
    a_running_job,
    an_interrupted_job,
    version_id,
)
from tests.support.given import Given, fact, provenance

LOST, STOPPED = InterruptionCause.WORKER_LOST, InterruptionCause.WORKER_STOPPED
COMPLETION = {"attempt": 1, "version_id": version_id(0), "version": "1.0.0", "trained": TRAINED}
PROGRESS = {"attempt": 1, "percent": 50, "iteration": 250, "metrics": {"rmse": 0.7}}


def a_job_that_completed_though_asked_to_stop() -> Given:
    return a_job_asked_to_stop().after(training.complete, **COMPLETION)


def a_job_in_its_second_attempt() -> Given:
    return an_interrupted_job().after(jobs.start, worker="w-2")


STATES = {
    "pending": a_pending_job(),
    "running": a_running_job(),
    "asked to stop": a_job_asked_to_stop(),
    "interrupted": an_interrupted_job(),
    "second attempt": a_job_in_its_second_attempt(),
    "completed": a_completed_job(),
    "completed though asked to stop": a_job_that_completed_though_asked_to_stop(),
    "failed": a_failed_job(),
    "cancelled": a_cancelled_job(),
}
COMMANDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "start": (jobs.start, {"worker": "w-3"}),
    "progress": (training.progress, PROGRESS),
    "complete": (training.complete, COMPLETION),
    "fail": (jobs.fail, {"attempt": 1, "code": "training.constant-target", "error": "All prices are 1."}),
    "interrupt": (jobs.interrupt, {"attempt": 1, "cause": LOST}),
    "cancel": (jobs.cancel, {}),
    "confirm_cancelled": (jobs.confirm_cancelled, {"attempt": 1}),
}
Outcome = type[DomainEvent] | type[DomainError] | None
ENDED_OUTCOMES: dict[str, Outcome] = {
    "start": JobEnded,
    "progress": LeaseLost,
    "complete": LeaseLost,
    "fail": LeaseLost,
    "interrupt": LeaseLost,
    "cancel": JobEnded,
    "confirm_cancelled": LeaseLost,
}
WAITING_OUTCOMES: dict[str, Outcome] = {
    **ENDED_OUTCOMES,
    "start": TrainingJobStarted,
    "cancel": TrainingJobCancelled,
}
RUNNING_OUTCOMES: dict[str, Outcome] = {
    "start": LeaseLost,
    "progress": TrainingJobProgressed,
    "complete": TrainingJobCompleted,
    "fail": TrainingJobFailed,
    "interrupt": TrainingJobInterrupted,
    "cancel": TrainingJobCancellationRequested,
    "confirm_cancelled": CancellationNotRequested,
}
OUTCOMES: dict[str, dict[str, Outcome]] = {
    "pending": WAITING_OUTCOMES,
    "running": RUNNING_OUTCOMES,
    "asked to stop": {
        **RUNNING_OUTCOMES,
        "interrupt": TrainingJobCancelled,
        "cancel": None,
        "confirm_cancelled": TrainingJobCancelled,
    },
    "interrupted": WAITING_OUTCOMES,
    "second attempt": {
        **ENDED_OUTCOMES,
        "start": LeaseLost,
        "cancel": TrainingJobCancellationRequested,
    },
    "completed": ENDED_OUTCOMES,
    "completed though asked to stop": ENDED_OUTCOMES,
    "failed": ENDED_OUTCOMES,
    "cancelled": {**ENDED_OUTCOMES, "cancel": None},
}
CODES = {
    JobEnded: "training-job.ended",
    LeaseLost: "training-job.lease-lost",
    CancellationNotRequested: "training-job.cancellation-not-requested",
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("state", STATES)
def test_every_command_in_every_state_has_one_outcome(state, command):
    decide, arguments = COMMANDS[command]
    expected = OUTCOMES[state][command]
    decided = STATES[state].when(decide, **arguments)
    if expected is None:
        decided.then()
    elif issubclass(expected, DomainError):
        error = decided.not_granted(expected, CODES[expected])
        assert error.details["id"] == str(JOB_ID)
    else:
        decided.then(fact(expected))


@pytest.mark.parametrize(
    ("state", "status", "attempt", "workers_lost"),
    [
        ("pending", JobStatus.PENDING, 0, 0),
        ("running", JobStatus.RUNNING, 1, 0),
        ("asked to stop", JobStatus.RUNNING, 1, 0),
        ("interrupted", JobStatus.PENDING, 1, 1),
        ("second attempt", JobStatus.RUNNING, 2, 1),
        ("completed", JobStatus.COMPLETED, 1, 0),
        ("failed", JobStatus.FAILED, 1, 0),
        ("cancelled", JobStatus.CANCELLED, 1, 0),
    ],
)
def test_a_job_stands_where_its_history_led(state, status, attempt, workers_lost):
    story = STATES[state]
    job = story.state
    assert (job.status, job.attempt, job.workers_lost) == (status, attempt, workers_lost)
    assert job.version == len(story.events)
    assert job.last_event_id == story.events[-1].event_id
    assert job.is_cancellation_requested == (state in {"asked to stop", "cancelled"})


def test_a_requested_job_keeps_its_plan_and_the_request_it_came_from():
    job = a_pending_job().state
    assert (job.id, job.model_id, job.plan) == (JOB_ID, MODEL_ID, a_plan())
    assert job.correlation_id == provenance().correlation_id


def test_hyperparameters_of_a_request_are_bounded():
    with pytest.raises(InvalidInput) as refused:
        training.request(
            job_id=JOB_ID,
            model_id=MODEL_ID,
            hyperparameters={"features": ["x" * 300_000]},
            plan=a_plan(),
            by=provenance(),
        )
    assert refused.value.problems[0].field == "hyperparameters"


def test_attempts_count_from_one():
    a_pending_job().when(jobs.start, worker="w-1").then(fact(TrainingJobStarted, attempt=1, worker="w-1"))
    an_interrupted_job().when(jobs.start, worker="w-2").then(fact(TrainingJobStarted, attempt=2, worker="w-2"))


def test_what_an_attempt_says_is_what_is_recorded():
    story = a_running_job()
    story.when(training.progress, **PROGRESS).then(
        fact(TrainingJobProgressed, attempt=1, progress=50, iteration=250, metrics={"rmse": 0.7})
    )
    story.when(training.complete, **COMPLETION).then(
        fact(TrainingJobCompleted, version="1.0.0", version_id=version_id(0), trained=TRAINED.model_dump())
    )
    story.when(jobs.interrupt, attempt=1, cause=STOPPED).then(
        fact(TrainingJobInterrupted, attempt=1, cause=STOPPED)
    )


def test_progress_changes_nothing_but_the_version():
    story = a_running_job()
    before, after = story.state, story.after(training.progress, **PROGRESS).state
    versioned = {"version": after.version, "last_event_id": after.last_event_id}
    assert before.model_copy(update=versioned) == after


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"percent": -1}, "progress"),
        ({"percent": 101}, "progress"),
        ({"metrics": {"rmse": float("nan")}}, "metrics.rmse"),
    ],
)
def test_progress_is_a_percentage_with_finite_metrics(changed, field):
    decided = a_running_job().when(training.progress, **{**PROGRESS, **changed})
    assert decided.not_granted(InvalidInput, "request.invalid").problems[0].field == field


def test_metrics_of_a_trained_model_are_finite():
    trained = TRAINED.model_copy(update={"metrics": {"rmse": float("inf")}})
    decided = a_running_job().when(training.complete, **{**COMPLETION, "trained": trained})
    assert decided.not_granted(InvalidInput, "request.invalid").problems[0].field == "metrics.rmse"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("All prices are 1.", "All prices are 1."),
        ("bad byte \udcff and \0", "bad byte ? and ?"),
        ("x" * 10_000, "x" * (jobs.ERROR_MAX_CHARS - 1) + "…"),
        ("", ""),
    ],
)
def test_a_job_can_fail_with_whatever_a_dying_process_says(said, kept):
    decided = a_running_job().when(jobs.fail, attempt=1, code="training.process-died", error=said)
    decided.then(fact(TrainingJobFailed, attempt=1, code="training.process-died", error=kept))


def a_job_that_lost(workers: int, cause: InterruptionCause = LOST) -> Given:
    story = a_pending_job()
    for attempt in range(1, workers + 1):
        story = story.after(jobs.start, worker="w").after(jobs.interrupt, attempt=attempt, cause=cause)
    return story


def test_a_job_that_killed_too_many_workers_fails():
    story = a_job_that_lost(jobs.LOST_WORKERS_MAX - 1).after(jobs.start, worker="w")
    decided = story.when(jobs.interrupt, attempt=jobs.LOST_WORKERS_MAX, cause=LOST)
    decided.then(fact(TrainingJobFailed, code="training.workers-lost", attempt=jobs.LOST_WORKERS_MAX))


def test_a_worker_that_stopped_in_good_order_is_not_held_against_the_job():
    story = a_job_that_lost(10, STOPPED)
    assert (story.state.workers_lost, story.state.attempt) == (0, 10)
    story = a_job_that_lost(jobs.LOST_WORKERS_MAX - 1).after(jobs.start, worker="w")
    story.when(jobs.interrupt, attempt=jobs.LOST_WORKERS_MAX, cause=STOPPED).then(fact(TrainingJobInterrupted))


def test_a_job_to_be_cancelled_is_cancelled_rather_than_failed_when_its_last_worker_dies():
    story = a_job_that_lost(jobs.LOST_WORKERS_MAX - 1).after(jobs.start, worker="w").after(jobs.cancel)
    story.when(jobs.interrupt, attempt=jobs.LOST_WORKERS_MAX, cause=LOST).then(fact(TrainingJobCancelled))


@pytest.mark.parametrize("attempt", [0, 1, 3])
def test_only_the_attempt_that_holds_the_job_speaks_for_it(attempt):
    decided = a_job_in_its_second_attempt().when(training.progress, **{**PROGRESS, "attempt": attempt})
    assert decided.not_granted(LeaseLost, "training-job.lease-lost").details["attempt"] == attempt


def test_ended_is_completed_failed_or_cancelled():
    assert {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED} == ENDED


def test_a_history_begins_with_the_request():
    requested, started = a_running_job().events
    assert isinstance(requested, TrainingJobRequested)
    with pytest.raises(ValueError, match=r"does not begin with training-job\.requested"):
        training.evolve(None, started)
