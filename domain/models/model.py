"""The model: what decisions need to know of it, the decisions, and how its events change it."""

import re
from collections.abc import Mapping
from functools import singledispatch
from typing import Any
from uuid import UUID

from domain.bounds import require_bounded
from domain.kernel import Aggregate, Immutable, Provenance, envelope
from domain.models.errors import (
    AliasNotFound,
    NumberTaken,
    RetiredModel,
    StatusMoveRefused,
    VersionNotFound,
)
from domain.models.events import (
    AliasAssigned,
    AliasRemoved,
    ModelDescribed,
    ModelEvent,
    ModelRegistered,
    ModelRenamed,
    ModelRetired,
    VersionRegistered,
    VersionStatusChanged,
)
from domain.models.values import (
    PRODUCTION_ALIAS,
    STATUS_MOVES,
    ModelStatus,
    ModelType,
    valid_alias,
    version_number,
)
from domain.naming import valid_name

_OWN_NUMBER = re.compile(r"1\.(\d+)\.0")


class Version(Immutable):
    """What decisions need to know of one version."""

    id: UUID
    number: str
    status: ModelStatus


class Model(Aggregate):
    """A named lineage of versions.

    Attributes:
        versions: By id. Metrics and hyperparameters are in the events: no decision needs them.
        numbers: Every number ever used → version id.
        aliases: Alias → version id.
        next_minor: The minor number that the next trained version gets.
        production_id: The one version in production.
    """

    name: str
    type: ModelType
    description: str | None
    metadata: dict[str, Any]
    versions: Mapping[UUID, Version] = {}
    numbers: Mapping[str, UUID] = {}
    aliases: Mapping[str, UUID] = {}
    next_minor: int = 0
    production_id: UUID | None = None
    is_retired: bool = False


def find_version(model: Model, reference: str) -> Version:
    """Return the version that a number, an id, an alias or `production` names.

    Raises:
        VersionNotFound: None does.
    """
    version_id = model.numbers.get(reference) or model.aliases.get(reference)
    if version_id is None and reference == PRODUCTION_ALIAS:
        version_id = model.production_id
    if version_id is None:
        version_id = next((each for each in model.versions if str(each) == reference.lower()), None)
    if version_id is None:
        raise VersionNotFound(f"Model {model.name!r} has no version {reference!r}.", version=reference)
    return model.versions[version_id]


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
    if (description, metadata) == (model.description, model.metadata):
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
    by: Provenance,
) -> VersionRegistered:
    """Add a version, in staging, under the number given or the next of 1.0.0, 1.1.0, ….

    Raises:
        RetiredModel: The model serves no more.
        NumberTaken: The number was used before.
    """
    require_active(model)
    number = number or version_number(model.next_minor)
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
            f"Version {version.number} is in {version.status}: it may move to {' or '.join(allowed)}.",
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


def require_active(model: Model) -> None:
    """Raise RetiredModel when the model serves no more."""
    if model.is_retired:
        raise RetiredModel(f"Model {model.name!r} is retired; its history stays readable.", id=str(model.id))


def _next(model: Model, by: Provenance) -> Any:
    return envelope(by, model.id, model.version + 1)


@singledispatch
def _changes(event: object, model: Model) -> dict[str, Any]:
    msg = f"{type(event).__qualname__} is no event of a model"
    raise TypeError(msg)


@_changes.register
def _(event: ModelDescribed, model: Model) -> dict[str, Any]:
    return {"description": event.description, "metadata": event.metadata}


@_changes.register
def _(event: ModelRenamed, model: Model) -> dict[str, Any]:
    return {"name": event.name}


@_changes.register
def _(event: VersionRegistered, model: Model) -> dict[str, Any]:
    version = Version(id=event.version_id, number=event.version, status=ModelStatus.STAGING)
    own = _OWN_NUMBER.fullmatch(event.version)
    return {
        "versions": {**model.versions, version.id: version},
        "numbers": {**model.numbers, version.number: version.id},
        "next_minor": max(model.next_minor, int(own.group(1)) + 1) if own else model.next_minor,
    }


@_changes.register
def _(event: VersionStatusChanged, model: Model) -> dict[str, Any]:
    version = model.versions[event.version_id]
    production_id = model.production_id
    if event.status is ModelStatus.PRODUCTION:
        production_id = event.version_id
    elif production_id == event.version_id:
        production_id = None
    moved = version.model_copy(update={"status": event.status})
    return {"versions": {**model.versions, version.id: moved}, "production_id": production_id}


@_changes.register
def _(event: AliasAssigned, model: Model) -> dict[str, Any]:
    return {"aliases": {**model.aliases, event.alias: event.version_id}}


@_changes.register
def _(event: AliasRemoved, model: Model) -> dict[str, Any]:
    return {"aliases": {alias: each for alias, each in model.aliases.items() if alias != event.alias}}


@_changes.register
def _(event: ModelRetired, model: Model) -> dict[str, Any]:
    return {"is_retired": True}


def evolve(model: Model | None, event: ModelEvent) -> Model:
    """Return the model after the event; refuses nothing, for history is not up for decision."""
    if isinstance(event, ModelRegistered):
        return Model(
            id=event.originator_id,
            version=event.originator_version,
            name=event.name,
            type=event.type,
            description=event.description,
            metadata=event.metadata,
        )
    if model is None:
        msg = f"stream {event.originator_id} does not begin with model.registered"
        raise ValueError(msg)
    return model.model_copy(update={"version": event.originator_version, **_changes(event, model)})
