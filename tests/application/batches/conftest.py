from uuid import UUID

import pytest

from application.batches.handlers import Attempts
from application.ledger import Ledger
from domain.batches import batch as batches
from tests.support.commands import a_context
from tests.support.events import BATCH_PLAN
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.identity import CountingIdentity


@pytest.fixture
def a_pending_batch(an_empty_ledger: Ledger) -> UUID:
    return request_batch(an_empty_ledger, UUID(int=88))


def request_batch(ledger: Ledger, job_id: UUID) -> UUID:
    ledger.commit([batches.request(job_id=job_id, metadata={}, plan=BATCH_PLAN, by=a_context().provenance)])
    return job_id


@pytest.fixture
def attempts(an_empty_ledger: Ledger) -> Attempts:
    return Attempts(ledger=an_empty_ledger, identity=CountingIdentity(), clock=FakeClock(), actor="worker:1")
