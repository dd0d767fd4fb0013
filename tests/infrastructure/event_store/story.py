"""A short life of the service in which every event happens that there is."""

from pathlib import Path
from uuid import UUID

from application.batches.handlers import Attempts as BatchAttempts
from application.ledger import Ledger
from application.ports.trainer import Iteration
from application.training.handlers import Attempts
from domain.jobs.values import InterruptionCause
from domain.models.values import Difference, Reproduction
from infrastructure.event_store.settings import sqlite_environment
from infrastructure.system.clock import SystemClock
from infrastructure.system.identity import RandomIdentity
from tests.support.events import PREDICTED, TRAINED
from tests.support.foreign import foreign_text
from tests.support.http import Api, served

BECAUSE = {"X_Reason": "because"}


def tell_everything(directory: Path) -> Ledger:
    """Let everything happen once at least, over HTTP where it can, and return the ledger that has it."""
    with served(directory) as api:
        _tell_of_models(api)
        _tell_of_a_version_from_elsewhere(api)
        _tell_of_jobs(api)
        _tell_of_batches(api)
        _tell_of_the_end(api)
    return Ledger(sqlite_environment(directory / "events.sqlite"))


def _tell_of_models(api: Api) -> None:
    metadata = {"team": "growth", "tags": ["a", 1, 1.5, None, True], "nested": {"é": {}}, "big": 2**63 - 1}
    model = api.register_model("churn", description="Wer geht, où et 何時", metadata=metadata)
    path = f"/models/{model['id']}"
    for auc in (0.9, 0.95):
        api.add_version(model, auc=auc, log_loss=1e-300)
    for version, status in (
        ("1.0.0", "production"),
        ("1.1.0", "production"),
        ("1.0.0", "staging"),
        ("1.1.0", "deprecated"),
        ("1.0.0", "production"),
    ):
        _ok(api.send("PUT", f"{path}/versions/{version}/status", {"status": status}, **BECAUSE).status_code)
    _ok(api.send("PUT", f"{path}/aliases/best", {"version": "1.0.0"}).status_code)
    _ok(api.send("PUT", f"{path}/aliases/best", {"version": "1.1.0"}).status_code)
    _ok(api.send("PUT", f"{path}/aliases/größte", {"version": "1.1.0"}).status_code)
    _ok(api.send("DELETE", f"{path}/aliases/best").status_code)
    change = {"name": "attrition", "description": None, "metadata": {"team": None, "owner": "ann"}}
    _ok(api.send("PATCH", path, change, Idempotency_Key="key-1").status_code)


def _tell_of_a_version_from_elsewhere(api: Api) -> None:
    (api.dataset_root / "bought.txt").write_text(foreign_text("regression"))
    api.register_model("bought", type="regression")
    _ok(api.post("/models/bought/versions", {"artifact_url": "bought.txt"}, **BECAUSE).status_code)


def _tell_of_jobs(api: Api) -> None:
    _ok(api.upload(name="customers", target="churned").status_code)
    request = {
        "model_id": "attrition",
        "dataset_id": "customers",
        "hyperparameters": {"num_iterations": 20, "learning_rate": 0.1},
    }
    waiting, cancelled, failed, completed = (
        UUID(api.post("/training-jobs", request, **BECAUSE).json()["id"]) for _ in range(4)
    )
    attempts = Attempts(
        ledger=api.service.ledger, identity=RandomIdentity(), clock=SystemClock(), actor="worker:host:1"
    )
    _ok(api.post(f"/training-jobs/{waiting}/cancel").status_code)
    attempts.start(cancelled)
    _ok(api.post(f"/training-jobs/{cancelled}/cancel").status_code)
    attempts.confirm_cancelled(cancelled, 1)
    attempts.start(failed)
    attempts.fail(failed, 1, code="training.constant-target", error="All 40 rows have one target.")
    attempts.start(completed)
    best = Iteration(iteration=10, total=20, metrics={"auc": 0.91}, is_best=True)
    attempts.progress(completed, 1, percent=50, iteration=best)
    attempts.interrupt(completed, 1, InterruptionCause.WORKER_LOST)
    attempts.start(completed)
    attempts.complete(completed, 2, TRAINED)
    _tell_of_repetitions(api, attempts, failed=failed)
    _tell_of_a_median(api)


def _tell_of_repetitions(api: Api, attempts: Attempts, *, failed: UUID) -> None:
    verifying = UUID(api.post("/models/attrition/versions/1.2.0/verify").json()["id"])
    attempts.start(verifying)
    difference = Difference(what="environment.lightgbm", expected="4.6.0", actual=None)
    attempts.verify(verifying, 1, TRAINED, Reproduction(reproduced=True, differences=(difference,)))
    retrying = api.post(f"/training-jobs/{failed}/retry", **BECAUSE)
    _ok(retrying.status_code)
    _ok(api.post(f"/training-jobs/{retrying.json()['id']}/cancel").status_code)


def _tell_of_a_median(api: Api) -> None:
    _ok(api.upload(name="ages", target="age").status_code)
    asked = {"objective": "quantile", "alpha": 0.5, "bagging_fraction": 0.5}
    job = api.post("/training-jobs", {"model_id": "bought", "dataset_id": "ages", "hyperparameters": asked})
    _ok(job.status_code)
    _ok(api.post(f"/training-jobs/{job.json()['id']}/cancel").status_code)


def _tell_of_batches(api: Api) -> None:
    request = {
        "model_id": "attrition",
        "dataset_id": "customers",
        "name": "scored",
        "explain": "probability > 0.8",
        "metadata": {"team": "growth"},
    }
    waiting, cancelled, failed, completed = (
        UUID(api.post("/batch-predictions", request, **BECAUSE).json()["id"]) for _ in range(4)
    )
    attempts = BatchAttempts(
        ledger=api.service.ledger, identity=RandomIdentity(), clock=SystemClock(), actor="worker:host:1"
    )
    _ok(api.post(f"/batch-predictions/{waiting}/cancel").status_code)
    attempts.start(cancelled)
    _ok(api.post(f"/batch-predictions/{cancelled}/cancel").status_code)
    attempts.confirm_cancelled(cancelled, 1)
    attempts.start(failed)
    attempts.fail(failed, 1, code="batch-prediction.dataset-changed", error="The dataset has 39 rows.")
    attempts.start(completed)
    attempts.progress(completed, 1, percent=50, rows=20)
    attempts.interrupt(completed, 1, InterruptionCause.WORKER_LOST)
    attempts.start(completed)
    attempts.complete(completed, 2, PREDICTED)


def _tell_of_the_end(api: Api) -> None:
    retired = api.register_model("short-lived")
    _ok(api.send("DELETE", f"/models/{retired['id']}", **BECAUSE).status_code)
    dataset = api.upload(name="short-lived", target="churned").json()
    _ok(api.send("DELETE", f"/datasets/{dataset['id']}", **BECAUSE).status_code)


def _ok(status_code: int) -> None:
    assert 200 <= status_code < 300, status_code
