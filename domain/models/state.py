"""What decisions need to know of a model, and how its events change it."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from pydantic import Field, InstanceOf

from domain.frozen_map import frozen
from domain.kernel import Aggregate
from domain.models.errors import RetiredModel, VersionNotFound
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
    VersionVerified,
)
from domain.models.values import PRODUCTION_ALIAS, ModelStatus, ModelType
from domain.models.versions import Numbers, Version, Versions
from domain.naming import has_uuid_shape, normal_form

_OWN_NUMBER = re.compile(r"1\.(\d+)\.0", re.ASCII)


class Model(Aggregate):
    """A named lineage of versions.

    Attributes:
        created_at: When it was registered.
        updated_at: When its newest event was decided.
        versions: By id. Metrics and hyperparameters are in the events: no decision needs them.
        aliases: Alias → version id.
        next_minor: The minor number that the next trained version gets.
        latest_id: The version registered last; None before the first.
        production_id: The one version in production.
        verified_at: Version id → the place in the stream of its newest verification.
    """

    name: str
    type: ModelType
    description: str | None
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    versions: InstanceOf[Versions] = Field(default_factory=Versions)
    aliases: Mapping[str, UUID] = {}
    next_minor: int = 0
    latest_id: UUID | None = None
    production_id: UUID | None = None
    verified_at: Mapping[UUID, int] = Field(default_factory=dict, exclude_if=lambda places: not places)
    is_retired: bool = False

    @property
    def numbers(self) -> Mapping[str, UUID]:
        """Every number ever used → version id."""
        return Numbers(self.versions)


def find_version(model: Model, reference: str) -> Version:
    """Return the version that a number, an id, an alias or `production` names.

    Raises:
        VersionNotFound: None does.
    """
    name = normal_form(reference)
    version_id = model.numbers.get(name) or model.aliases.get(name)
    if version_id is None and name == PRODUCTION_ALIAS:
        version_id = model.production_id
    if version_id is None and has_uuid_shape(name):
        version_id = UUID(name)
    if version_id is None and name == PRODUCTION_ALIAS:
        raise VersionNotFound(f"No version of model {model.name!r} is in production.", version=reference)
    if version_id is None or version_id not in model.versions:
        raise VersionNotFound(f"Model {model.name!r} has no version {reference!r}.", version=reference)
    return model.versions[version_id]


def require_active(model: Model) -> None:
    """Raise RetiredModel when the model serves no more."""
    if model.is_retired:
        raise RetiredModel(f"Model {model.name!r} is retired; its history stays readable.", id=str(model.id))


def evolve(model: Model | None, event: ModelEvent) -> Model:
    """Return the model after the event; refuses nothing, for history is not up for decision.

    Raises:
        ValueError: The stream does not begin with `model.registered`: it is no history of a model.
    """
    at = event.provenance.timestamp
    if isinstance(event, ModelRegistered):
        return Model(
            id=event.originator_id,
            version=event.originator_version,
            name=event.name,
            type=event.type,
            description=event.description,
            metadata=event.metadata,
            created_at=at,
            updated_at=at,
        )
    if model is None:
        msg = f"stream {event.originator_id} does not begin with {ModelRegistered.TOPIC}"
        raise ValueError(msg)
    changes = _changes(model, event)
    return model.model_copy(update={"version": event.originator_version, "updated_at": at, **changes})


def _changes(
    model: Model,
    event: ModelDescribed
    | ModelRenamed
    | VersionRegistered
    | VersionVerified
    | VersionStatusChanged
    | AliasAssigned
    | AliasRemoved
    | ModelRetired,
) -> dict[str, Any]:
    match event:
        case ModelDescribed():
            changes: dict[str, Any] = {"description": event.description, "metadata": event.metadata}
        case ModelRenamed():
            changes = {"name": event.name}
        case VersionRegistered():
            changes = _with_version(model, event)
        case VersionVerified():
            changes = {
                "verified_at": frozen(model.verified_at).with_item(event.version_id, event.originator_version)
            }
        case VersionStatusChanged():
            changes = _with_status(model, event)
        case AliasAssigned():
            changes = {"aliases": frozen(model.aliases).with_item(event.alias, event.version_id)}
        case AliasRemoved():
            changes = {"aliases": frozen(model.aliases).without(event.alias)}
        case ModelRetired():
            changes = {"is_retired": True}
        case _:
            assert_never(event)
    return changes


def _with_version(model: Model, event: VersionRegistered) -> dict[str, Any]:
    version = Version(
        id=event.version_id,
        number=event.version,
        status=ModelStatus.STAGING,
        registered_at=event.originator_version,
        updated_at=event.provenance.timestamp,
    )
    own = _OWN_NUMBER.fullmatch(event.version)
    return {
        "versions": model.versions.with_version(version),
        "next_minor": max(model.next_minor, int(own.group(1)) + 1) if own else model.next_minor,
        "latest_id": version.id,
    }


def _with_status(model: Model, event: VersionStatusChanged) -> dict[str, Any]:
    production_id = model.production_id
    if event.status is ModelStatus.PRODUCTION:
        production_id = event.version_id
    elif production_id == event.version_id:
        production_id = None
    return {
        "versions": model.versions.with_move(event.version_id, event.status, at=event.provenance.timestamp),
        "production_id": production_id,
    }
