"""What workers say of batch predictions."""

from uuid import UUID

import pytest

from application.batches.handlers import Attempts
from application.ledger import Ledger
from domain.batches.batch import BatchPrediction
from domain.jobs.errors import LeaseLost
from domain.jobs.values import InterruptionCause, JobStatus
from tests.application.batches.conftest import request_batch
from tests.support.events import PREDICTED

CONTENTS = PREDICTED.contents


def completed(attempts: Attempts, job_id: UUID) -> None:
    attempts.complete(job_id, attempts.start(job_id).attempt, PREDICTED)


def test_the_dataset_is_registered_in_the_transaction_that_completes_the_job_and_leads_back_to_it(
    an_empty_ledger: Ledger, a_pending_batch: UUID, attempts: Attempts
) -> None:
    completed(attempts, a_pending_batch)
    requested, _, ended = an_empty_ledger.stream(a_pending_batch)
    registered, reserved = (each.event for each in an_empty_ledger.read(after=3, limit=10))
    assert (ended.dataset_id, ended.name, ended.sha256) == (registered.originator_id, "scored", CONTENTS.sha256)
    assert (registered.contents, registered.uri) == (CONTENTS, f"artifact:{CONTENTS.sha256}")
    assert reserved.holder_id == registered.originator_id
    for event in (ended, registered, reserved):
        assert event.provenance.correlation_id == requested.provenance.correlation_id
    assert registered.provenance.causation_id == ended.event_id


def test_a_name_that_was_taken_meanwhile_gets_a_number_and_the_work_is_kept(
    an_empty_ledger: Ledger, a_pending_batch: UUID, attempts: Attempts
) -> None:
    others = [request_batch(an_empty_ledger, UUID(int=number)) for number in (90, 91)]
    for job_id in (a_pending_batch, *others):
        completed(attempts, job_id)
    names = [list(an_empty_ledger.stream(each))[-1].name for each in (a_pending_batch, *others)]
    assert names == ["scored", "scored-2", "scored-3"]


def test_a_worker_that_slept_past_its_lease_registers_nothing(
    an_empty_ledger: Ledger, a_pending_batch: UUID, attempts: Attempts
) -> None:
    first = attempts.start(a_pending_batch).attempt
    attempts.interrupt(a_pending_batch, first, InterruptionCause.WORKER_LOST)
    second = attempts.start(a_pending_batch).attempt
    for say in (
        lambda: attempts.complete(a_pending_batch, first, PREDICTED),
        lambda: attempts.progress(a_pending_batch, first, percent=5, rows=5),
    ):
        with pytest.raises(LeaseLost):
            say()
    attempts.complete(a_pending_batch, second, PREDICTED)
    registered = an_empty_ledger.read(after=0, limit=10, topics=("dataset.registered.v1",))
    assert len(registered) == 1


def test_a_table_that_is_no_dataset_fails_the_job(
    an_empty_ledger: Ledger, a_pending_batch: UUID, attempts: Attempts
) -> None:
    twice = CONTENTS.model_copy(update={"columns": CONTENTS.columns * 2})
    attempt = attempts.start(a_pending_batch).attempt
    attempts.complete(a_pending_batch, attempt, PREDICTED.model_copy(update={"contents": twice}))
    job = an_empty_ledger.job(a_pending_batch, BatchPrediction)
    assert job is not None
    assert job.status is JobStatus.FAILED
