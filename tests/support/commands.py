"""Commands as an interface sends them, without an interface."""

from itertools import count
from typing import Any

from application.execution import Context, Executed, Idempotency, Outcome, execute
from application.ledger import Ledger
from application.models import handlers
from application.models.commands import RegisterModel
from application.models.views import ModelVersionResponse
from application.ports.identity import Identity
from domain.commands import Answer
from domain.models import model as models
from domain.models.events import VersionRegistered
from domain.models.model import Model
from domain.models.values import ModelType
from tests.support.events import SHA256
from tests.support.given import provenance

_numbers = count(1)


def a_context(
    *, key: str | None = None, request_hash: str = "the same", expected_version: int | None = None
) -> Context:
    """Return the context of a command that nobody sent before."""
    return Context(
        provenance=provenance(next(_numbers)),
        expected_version=expected_version,
        idempotency=None if key is None else Idempotency(key=key, request_hash=request_hash),
    )


def answered(outcome: Outcome[Any]) -> Answer:
    """Answer as HTTP would."""
    body = None if outcome.view is None else outcome.view.model_dump_json()
    return Answer(status=200, headers={"ETag": f'"{outcome.version}"'}, body=body)


def register(ledger: Ledger, name: str, *, identity: Identity, context: Context | None = None) -> Executed:
    """Register a classification model."""
    context = context or a_context()
    command = RegisterModel(name=name, type=ModelType.CLASSIFICATION)
    return execute(
        lambda: handlers.register_model(command, context=context, ledger=ledger, identity=identity),
        ledger=ledger,
        context=context,
        answer=answered,
    )


def a_registered_model(ledger: Ledger, name: str, *, identity: Identity) -> Model:
    """Return a model that was just registered."""
    register(ledger, name, identity=identity)
    model_id = ledger.id_of("model", name)
    assert model_id is not None
    model = ledger.model(model_id)
    assert model is not None
    return model


def add_version(ledger: Ledger, model: Model, *, identity: Identity, **changes: Any) -> VersionRegistered:
    """Commit a new version of the model, as a training would."""
    fields: dict[str, Any] = {
        "version_id": identity.new_id(),
        "hyperparameters": {},
        "metrics": {"auc": 0.9},
        "artifact_url": f"artifact:{SHA256}",
        "training_job_id": None,
        "dataset_id": None,
        "dataset_sha256": None,
    }
    now = ledger.model(model.id)
    assert now is not None
    registered = models.register_version(now, **(fields | changes), by=a_context().provenance)
    ledger.commit([registered])
    return registered


def nothing_to_load(version: ModelVersionResponse, name: str) -> None:
    """Find every version ready, under every name."""
    assert version.version != name
