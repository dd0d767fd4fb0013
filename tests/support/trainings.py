"""Trainings that end without a trainer: what a worker would say of them."""

from typing import Any
from uuid import UUID

from application.ledger import Ledger
from application.ports.trainer import Iteration
from application.training.handlers import Attempts
from domain.jobs.values import InterruptionCause
from domain.training.values import TrainedModel
from infrastructure.system.clock import SystemClock
from infrastructure.system.identity import RandomIdentity
from tests.support.events import TRAINED


def attempts_of(ledger: Ledger, worker: str = "worker:1") -> Attempts:
    """Return what a worker of this name may say."""
    return Attempts(ledger=ledger, identity=RandomIdentity(), clock=SystemClock(), actor=worker)


def complete(ledger: Ledger, job_id: UUID, *, interrupted: int = 0, trained: TrainedModel = TRAINED) -> int:
    """Let the job be trained, after so many attempts that were interrupted; return the position by then."""
    for number in range(interrupted):
        attempts = attempts_of(ledger, f"worker:{number}")
        attempts.interrupt(job_id, attempts.start(job_id).attempt, InterruptionCause.WORKER_STOPPED)
    attempts = attempts_of(ledger, f"worker:{interrupted}")
    attempt = attempts.start(job_id).attempt
    half = Iteration(iteration=10, total=20, metrics={"auc": 0.8}, is_best=True)
    attempts.progress(job_id, attempt, percent=50, iteration=half)
    attempts.complete(job_id, attempt, trained)
    return ledger.head()


def trained_version(api: Any, *, model: str = "churn", dataset: str = "customers", **given: Any) -> Any:
    """Return the version that a training requested over HTTP has just given."""
    body = {"model_id": model, "dataset_id": dataset, "hyperparameters": given.pop("hyperparameters", {})}
    headers = given.pop("headers", {})
    job = api.post("/training-jobs", body, **headers)
    assert job.status_code == 202, job.text
    position = complete(api.service.ledger, UUID(job.json()["id"]), **given)
    assert api.runner.wait_for(position, 10)
    number = api.get(f"/training-jobs/{job.json()['id']}").json()["resulting_version"]
    return api.get(f"/models/{model}/versions/{number}").json()
