"""Decisions about models: each says which events follow from a command, or refuses it."""

from typing import Any
from uuid import UUID

from domain.bounds import is_same_json, require_bounded
from domain.kernel import Envelope, Provenance, envelope
from domain.models.errors import AliasNotFound, NumberTaken, StatusMoveRefused
from domain.models.events import (
    AliasAssigned,
    AliasRemoved,
    ModelDescribed,
    ModelRegistered,
    ModelRenamed,
    ModelRetired,
    VersionRegistered,
    VersionStatusChanged,
    VersionVerified,
)
from domain.models.state import Model, evolve, find_version, require_active
from domain.models.values import (
    STATUS_MOVES,
    ModelStatus,
    ModelType,
    Reproduction,
    valid_alias,
    valid_number,
    version_number,
)
from domain.models.versions import Version
from domain.naming import normal_form, valid_name

__all__ = [
    "Model",
    "Version",
    "assign_alias",
    "change_status",
    "describe",
    "evolve",
    "find_version",
    "register",
    "register_version",
    "remove_alias",
    "rename",
    "require_active",
    "retire",
    "verify_version",
]


def register(
    *,
    model_id: UUID,
    name: str,
    type: ModelType,  # noqa: A002 - the contract's word
    description: str | None,
    metadata: dict[str, Any],
    by: Provenance,
) -> ModelRegistered:
    """Begin a model.

    Raises:
        InvalidInput: The name cannot be one, or description and metadata are too large.
    """
    require_bounded(description=description, metadata=metadata)
    return ModelRegistered(
        **envelope(by, model_id, 1),
        name=valid_name(name),
        type=type,
        description=description,
        metadata=metadata,
    )


def describe(
    model: Model, *, description: str | None, metadata: dict[str, Any], by: Provenance
) -> tuple[ModelDescribed, ...]:
    """Give the model this description and metadata; nothing happens when it has them already.

    Raises:
        RetiredModel: It serves no more.
        InvalidInput: Description and metadata are too large.
    """
    require_active(model)
    require_bounded(description=description, metadata=metadata)
    if description == model.description and is_same_json(metadata, model.metadata):
        return ()
    return (ModelDescribed(**_next(model, by), description=description, metadata=metadata),)


def rename(model: Model, *, name: str, by: Provenance) -> tuple[ModelRenamed, ...]:
    """Give the model another name; nothing happens when it has it already.

    Raises:
        RetiredModel: It serves no more.
        InvalidInput: The name cannot be one.
    """
    require_active(model)
    name = valid_name(name)
    if name == model.name:
        return ()
    return (ModelRenamed(**_next(model, by), name=name, previous_name=model.name),)


def register_version(
    model: Model,
    *,
    version_id: UUID,
    number: str | None = None,
    hyperparameters: dict[str, Any],
    metrics: dict[str, float],
    artifact_url: str | None,
    training_job_id: UUID | None,
    dataset_id: UUID | None,
    dataset_sha256: str | None,
    source_url: str | None = None,
    source_sha256: str | None = None,
    by: Provenance,
) -> VersionRegistered:
    """Add a version, in staging, under the number given or the next of 1.0.0, 1.1.0, ….

    Raises:
        RetiredModel: The model serves no more.
        InvalidInput: The number cannot be one, a metric is not finite, or all together is too large.
        NumberTaken: The number was used before.
    """
    require_active(model)
    require_bounded(
        hyperparameters=hyperparameters, metrics=metrics, artifact_url=artifact_url, source_url=source_url
    )
    number = version_number(model.next_minor) if number is None else valid_number(number)
    if number in model.numbers:
        message = f"Model {model.name!r} has had a version {number}: a number is never used twice."
        raise NumberTaken(message, version=number)
    return VersionRegistered(
        **_next(model, by),
        version_id=version_id,
        version=number,
        hyperparameters=hyperparameters,
        metrics=metrics,
        artifact_url=artifact_url,
        training_job_id=training_job_id,
        dataset_id=dataset_id,
        dataset_sha256=dataset_sha256,
        source_url=source_url,
        source_sha256=source_sha256,
    )


def verify_version(
    model: Model, *, reference: str, training_job_id: UUID, reproduction: Reproduction, by: Provenance
) -> VersionVerified:
    """Record what came of training a version again.

    Raises:
        RetiredModel: The model serves no more.
        VersionNotFound: The reference names no version.
    """
    require_active(model)
    version = find_version(model, reference)
    return VersionVerified(
        **_next(model, by),
        version_id=version.id,
        version=version.number,
        training_job_id=training_job_id,
        reproduced=reproduction.reproduced,
        differences=reproduction.differences,
    )


def change_status(
    model: Model, *, reference: str, status: ModelStatus, by: Provenance
) -> tuple[VersionStatusChanged, ...]:
    """Move a version; promoting one archives the version in production first.

    Raises:
        RetiredModel: The model serves no more.
        VersionNotFound: The reference names no version.
        StatusMoveRefused: Its status does not allow the move.
    """
    require_active(model)
    version = find_version(model, reference)
    if version.status == status:
        return ()
    if status not in STATUS_MOVES[version.status]:
        allowed = sorted(STATUS_MOVES[version.status])
        raise StatusMoveRefused(
            f"Version {version.number} is {_as_said(version.status)}: it may move to {' or '.join(allowed)}.",
            version=version.number,
            status=version.status,
            allowed=allowed,
        )
    moves = [(version, status)]
    if status is ModelStatus.PRODUCTION and model.production_id is not None:
        moves.insert(0, (model.versions[model.production_id], ModelStatus.ARCHIVED))
    return tuple(
        VersionStatusChanged(
            **envelope(by, model.id, model.version + 1 + place),
            version_id=moved.id,
            version=moved.number,
            previous=moved.status,
            status=to,
        )
        for place, (moved, to) in enumerate(moves)
    )


def assign_alias(model: Model, *, alias: str, reference: str, by: Provenance) -> tuple[AliasAssigned, ...]:
    """Let the alias stand for a version; nothing happens when it does already.

    Raises:
        RetiredModel: The model serves no more.
        InvalidInput: The alias cannot be one.
        VersionNotFound: The reference names no version.
    """
    require_active(model)
    alias = valid_alias(alias)
    version = find_version(model, reference)
    previous = model.aliases.get(alias)
    if previous == version.id:
        return ()
    return (
        AliasAssigned(
            **_next(model, by),
            alias=alias,
            version_id=version.id,
            version=version.number,
            previous_version_id=previous,
        ),
    )


def remove_alias(model: Model, *, alias: str, by: Provenance) -> AliasRemoved:
    """Let the alias stand for nothing.

    Raises:
        RetiredModel: The model serves no more.
        AliasNotFound: It stands for nothing already.
    """
    require_active(model)
    alias = normal_form(alias)
    version_id = model.aliases.get(alias)
    if version_id is None:
        raise AliasNotFound(f"Model {model.name!r} has no alias {alias!r}.", alias=alias)
    number = model.versions[version_id].number
    return AliasRemoved(**_next(model, by), alias=alias, version_id=version_id, version=number)


def retire(model: Model, *, by: Provenance) -> ModelRetired:
    """Take the model out of service for good.

    Raises:
        RetiredModel: It is already.
    """
    require_active(model)
    return ModelRetired(**_next(model, by), name=model.name)


def _as_said(status: ModelStatus) -> str:
    return f"in {status}" if status in {ModelStatus.STAGING, ModelStatus.PRODUCTION} else str(status)


def _next(model: Model, by: Provenance) -> Envelope:
    return envelope(by, model.id, model.version + 1)
