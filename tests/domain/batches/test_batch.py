"""Batch predictions: what is theirs; what holds of every job is told of training jobs."""

import pytest

from domain.batches import batch as batches
from domain.batches.events import (
    BatchPredictionCancellationRequested,
    BatchPredictionCancelled,
    BatchPredictionCompleted,
    BatchPredictionFailed,
    BatchPredictionInterrupted,
    BatchPredictionProgressed,
    BatchPredictionStarted,
)
from domain.errors import InvalidInput
from domain.jobs import job as jobs
from domain.jobs.errors import CancellationNotRequested, JobEnded, LeaseLost
from domain.jobs.values import InterruptionCause, JobStatus
from tests.domain.histories import (
    BATCH_ID,
    CONTENTS,
    PREDICTED,
    RESULT_ID,
    a_batch_plan,
    a_pending_batch,
    a_running_batch,
    a_running_job,
)
from tests.support.given import fact, provenance

COMPLETION = {"attempt": 1, "dataset_id": RESULT_ID, "name": "scored", "predicted": PREDICTED}
LOST = InterruptionCause.WORKER_LOST


def test_a_requested_batch_keeps_its_plan_and_the_request_it_came_from():
    job = a_pending_batch().state
    assert (job.id, job.plan, job.status) == (BATCH_ID, a_batch_plan(), JobStatus.PENDING)
    assert job.correlation_id == provenance().correlation_id


@pytest.mark.parametrize("metadata", [{"a": "x" * 300_000}, {"a": float("nan")}])
def test_metadata_are_bounded(metadata):
    with pytest.raises(InvalidInput) as refused:
        batches.request(job_id=BATCH_ID, metadata=metadata, plan=a_batch_plan(), by=provenance())
    assert refused.value.problems[0].field.startswith("metadata")


def test_what_an_attempt_says_is_what_is_recorded_under_topics_of_batches():
    waiting, running = a_pending_batch(), a_running_batch()
    waiting.when(jobs.start, worker="w").then(fact(BatchPredictionStarted, attempt=1, worker="w"))
    waiting.when(jobs.cancel).then(fact(BatchPredictionCancelled))
    running.when(batches.progress, attempt=1, percent=40, rows=40).then(
        fact(BatchPredictionProgressed, attempt=1, progress=40, rows=40)
    )
    running.when(batches.complete, **COMPLETION).then(
        fact(
            BatchPredictionCompleted,
            dataset_id=RESULT_ID,
            name="scored",
            sha256=CONTENTS.sha256,
            rows=CONTENTS.rows,
            duration_s=1.5,
        )
    )
    running.when(jobs.fail, attempt=1, code="a.b", error="no").then(fact(BatchPredictionFailed, code="a.b"))
    running.when(jobs.interrupt, attempt=1, cause=LOST).then(fact(BatchPredictionInterrupted, cause=LOST))
    running.when(jobs.cancel).then(fact(BatchPredictionCancellationRequested))
    stopping = running.after(jobs.cancel)
    stopping.when(jobs.confirm_cancelled, attempt=1).then(fact(BatchPredictionCancelled))


def test_refusals_have_codes_of_batches():
    completed = a_running_batch().after(batches.complete, **COMPLETION)
    completed.when(jobs.cancel).not_granted(JobEnded, "batch-prediction.ended")
    completed.when(batches.complete, **COMPLETION).not_granted(LeaseLost, "batch-prediction.lease-lost")
    a_pending_batch().when(batches.progress, attempt=1, percent=1, rows=1).not_granted(
        LeaseLost, "batch-prediction.lease-lost"
    )
    a_running_batch().when(jobs.confirm_cancelled, attempt=1).not_granted(
        CancellationNotRequested, "batch-prediction.cancellation-not-requested"
    )
    a_running_batch().when(batches.progress, attempt=1, percent=101, rows=1).not_granted(
        InvalidInput, "request.invalid"
    )


def test_a_batch_that_killed_too_many_workers_fails():
    story = a_pending_batch()
    for attempt in range(1, jobs.LOST_WORKERS_MAX):
        story = story.after(jobs.start, worker="w").after(jobs.interrupt, attempt=attempt, cause=LOST)
    decided = story.after(jobs.start, worker="w").when(jobs.interrupt, attempt=jobs.LOST_WORKERS_MAX, cause=LOST)
    decided.then(fact(BatchPredictionFailed, code="batch-prediction.workers-lost"))


def test_a_history_begins_with_the_request():
    _, started = a_running_job().events
    with pytest.raises(ValueError, match=r"does not begin with batch-prediction\.requested"):
        batches.evolve(None, started)
