"""Versions that were trained elsewhere: taken for what they are, then registered."""

from application.execution import Context, Outcome
from application.ledger import Ledger
from application.models.commands import RegisterVersion
from application.models.handlers import load
from application.models.views import ModelVersionResponse, registered_version_view
from application.ports.foreign_models import ForeignModel, ForeignModels, KeptModel
from application.ports.identity import Identity
from domain.errors import InvalidInput
from domain.models import model as models


def keep_foreign(
    reference: str, command: RegisterVersion, *, context: Context, ledger: Ledger, foreign: ForeignModels
) -> KeptModel | None:
    """Return what a version trained elsewhere is now; None where it has no bytes.

    Raises:
        ModelNotFound, RetiredModel: There is no model that could get it.
        StaleVersion: The model is not at the version that the sender decided on.
        InvalidInput: The URL cannot be read from here, or something is said of bytes that there are none of.
        SourceUnavailable: The URL cannot be read now.
        NotLoadable: What lies there is no model that can be answered with, or not as it is said to be.
    """
    model = load(reference, context=context, ledger=ledger)
    if command.artifact_url is None:
        for field in ("labels", "features"):
            if getattr(command, field) is not None:
                raise InvalidInput.of(
                    field, "say how to ask an artifact: name one by artifact_url, or leave them out."
                )
        return None
    said = ForeignModel(
        url=command.artifact_url,
        model_type=model.type,
        hyperparameters=command.hyperparameters,
        labels=command.labels,
        features=command.features,
    )
    return foreign.keep(said)


def register_version(
    reference: str,
    command: RegisterVersion,
    kept: KeptModel | None,
    *,
    context: Context,
    ledger: Ledger,
    identity: Identity,
) -> Outcome[ModelVersionResponse]:
    """Give a model a version that was trained elsewhere.

    Args:
        reference: The model's id or name.
        command: What is said of it.
        kept: What `keep_foreign` returned.
        context: Who asks.
        ledger: Where it is decided.
        identity: Gives it its id.

    Raises:
        ModelNotFound, RetiredModel: There is no model that could get it.
        StaleVersion: The model is not at the version that the sender decided on.
        InvalidInput: The number cannot be one, a metric is not finite, or all together is too large.
        NumberTaken: The number was used before.
    """
    model = load(reference, context=context, ledger=ledger)
    registered = models.register_version(
        model,
        version_id=identity.new_id(),
        number=command.version,
        hyperparameters=command.hyperparameters,
        metrics=command.metrics,
        artifact_url=None if kept is None else kept.artifact_url,
        training_job_id=None,
        dataset_id=None,
        dataset_sha256=None,
        source_url=None if kept is None else command.artifact_url,
        source_sha256=None if kept is None else kept.source_sha256,
        by=context.provenance,
    )
    return Outcome(
        events=(registered,), view=registered_version_view(registered), version=registered.originator_version
    )
