from uuid import UUID

import pytest

from application.ledger import Ledger
from application.training.handlers import Attempts
from domain.models.model import Model
from domain.training import job as training
from tests.support.commands import a_context, a_registered_model
from tests.support.events import PLAN
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.identity import CountingIdentity


@pytest.fixture
def a_clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def a_model(an_empty_ledger: Ledger) -> Model:
    return a_registered_model(an_empty_ledger, "churn", identity=CountingIdentity())


@pytest.fixture
def a_pending_job(an_empty_ledger: Ledger, a_model: Model) -> UUID:
    return request_job(an_empty_ledger, a_model, UUID(int=77))


def request_job(ledger: Ledger, model: Model, job_id: UUID) -> UUID:
    requested = training.request(
        job_id=job_id, model_id=model.id, hyperparameters={}, plan=PLAN, by=a_context().provenance
    )
    ledger.commit([requested])
    return job_id


@pytest.fixture
def attempts(an_empty_ledger: Ledger, a_clock: FakeClock) -> Attempts:
    return Attempts(ledger=an_empty_ledger, identity=CountingIdentity(), clock=a_clock, actor="worker:1")
