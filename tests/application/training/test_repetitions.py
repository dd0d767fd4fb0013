"""What was trained once is trained again only where it can be."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from application.execution import Outcome
from application.ledger import Ledger
from application.training.handlers import Attempts
from application.training.repetitions import request_verification, retry_training
from domain.datasets.values import DatasetFormat
from domain.errors import InvalidInput
from domain.models.model import Model
from domain.training import job as training
from infrastructure.system.identity import RandomIdentity
from tests.support.commands import a_context
from tests.support.events import PLAN, TRAINED

ON_CLUSTER = PLAN.model_copy(
    update={
        "contents": PLAN.contents.model_copy(update={"format": DatasetFormat.PARQUET}),
        "hyperparameters": PLAN.hyperparameters.model_copy(update={"executor": "dask"}),
    }
)

Repeat = Callable[[Ledger, UUID, bool], Outcome[Any]]


def verify(ledger: Ledger, _: UUID, has_cluster: bool) -> Outcome[Any]:
    return request_verification(
        "churn",
        "1.0.0",
        context=a_context(),
        ledger=ledger,
        identity=RandomIdentity(),
        version_here=TRAINED.environment.get,
        has_cluster=has_cluster,
    )


def retry(ledger: Ledger, job_id: UUID, has_cluster: bool) -> Outcome[Any]:
    return retry_training(
        job_id, context=a_context(), ledger=ledger, identity=RandomIdentity(), has_cluster=has_cluster
    )


@pytest.fixture
def a_job_for_a_cluster(an_empty_ledger: Ledger, a_model: Model) -> UUID:
    requested = training.request(
        job_id=UUID(int=78), model_id=a_model.id, hyperparameters={}, plan=ON_CLUSTER, by=a_context().provenance
    )
    an_empty_ledger.commit([requested])
    return requested.originator_id


@pytest.mark.parametrize("repeat", [verify, retry])
def test_what_was_trained_on_a_cluster_is_trained_again_only_where_there_is_one(
    an_empty_ledger: Ledger, a_job_for_a_cluster: UUID, attempts: Attempts, repeat: Repeat
) -> None:
    attempt = attempts.start(a_job_for_a_cluster).attempt
    if repeat is verify:
        attempts.complete(a_job_for_a_cluster, attempt, TRAINED)
    else:
        attempts.fail(a_job_for_a_cluster, attempt, code="training.cluster-failed", error="It is gone.")

    with pytest.raises(InvalidInput, match="ML_SERVICE_DASK_ADDRESS"):
        repeat(an_empty_ledger, a_job_for_a_cluster, False)

    (requested,) = repeat(an_empty_ledger, a_job_for_a_cluster, True).events
    assert requested.plan == ON_CLUSTER
