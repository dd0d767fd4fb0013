"""How the documents of models and versions follow from events."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from application.models.views import registered_version_view, verification_view
from application.ports.read_models import Collection, Document, Rows
from application.views import instant_text
from domain.kernel import DomainEvent
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
from domain.models.values import ModelStatus


def project(event: DomainEvent, position: int, rows: Rows) -> None:
    """Put what the event changes of its model and of the versions it speaks of."""
    if isinstance(event, ModelRegistered):
        rows.put(Collection.MODELS, event.originator_id, _registered(event), position=position)
        return
    changed = _MODEL_CHANGES.get(type(event))
    if changed is None:
        return
    document = rows.get(Collection.MODELS, event.originator_id) or {}
    after = {
        **document,
        "updated_at": instant_text(event.provenance.timestamp),
        "aggregate_version": event.originator_version,
        **changed(event, document),
    }
    rows.put(Collection.MODELS, event.originator_id, after, position=position)
    put_versions = _VERSION_CHANGES.get(type(event))
    if put_versions is not None:
        put_versions(event, position, rows)


def _registered(event: ModelRegistered) -> Document:
    """Return what `model_view` says of the model, without the model: a rebuild makes every one of them."""
    at = instant_text(event.provenance.timestamp)
    return {
        "name": event.name,
        "description": event.description,
        "type": event.type.value,
        "metadata": event.metadata,
        "id": str(event.originator_id),
        "created_at": at,
        "updated_at": at,
        "latest_version": None,
        "production_version": None,
        "aliases": {},
        "aggregate_version": event.originator_version,
        "retired_at": None,
    }


def _status_changes(event: VersionStatusChanged, document: Document) -> Document:
    if event.status is ModelStatus.PRODUCTION:
        return {"production_version": event.version}
    if document["production_version"] == event.version:
        return {"production_version": None}
    return {}


def _with_alias(event: AliasAssigned, document: Document) -> Document:
    return {"aliases": dict(sorted({**document["aliases"], event.alias: event.version}.items()))}


def _without_alias(event: AliasRemoved, document: Document) -> Document:
    return {"aliases": {alias: each for alias, each in document["aliases"].items() if alias != event.alias}}


# looked up by class rather than asked one after the other: a rebuild comes here with every event there is
_MODEL_CHANGES: Mapping[type[DomainEvent], Callable[[Any, Document], Document]] = {
    ModelDescribed: lambda event, _: {"description": event.description, "metadata": event.metadata},
    ModelRenamed: lambda event, _: {"name": event.name},
    VersionRegistered: lambda event, _: {"latest_version": event.version},
    VersionVerified: lambda _, __: {},
    VersionStatusChanged: _status_changes,
    AliasAssigned: _with_alias,
    AliasRemoved: _without_alias,
    ModelRetired: lambda event, _: {"retired_at": instant_text(event.provenance.timestamp)},
}


def _put_version(event: VersionRegistered, position: int, rows: Rows) -> None:
    document = registered_version_view(event).model_dump(mode="json")
    rows.put(Collection.VERSIONS, event.version_id, document, position=position)


def _put_verification(event: VersionVerified, position: int, rows: Rows) -> None:
    changes = {"verification": verification_view(event).model_dump(mode="json")}
    _change(rows, event.version_id, changes, position)


def _put_status(event: VersionStatusChanged, position: int, rows: Rows) -> None:
    changes = {"status": event.status.value, "updated_at": instant_text(event.provenance.timestamp)}
    _change(rows, event.version_id, changes, position)


def _move_alias(event: AliasAssigned, position: int, rows: Rows) -> None:
    if (previous := event.previous_version_id) is not None:
        _change(rows, previous, {"aliases": sorted(_aliases(rows, previous) - {event.alias})}, position)
    aliases = _aliases(rows, event.version_id) | {event.alias}
    _change(rows, event.version_id, {"aliases": sorted(aliases)}, position)


def _remove_alias(event: AliasRemoved, position: int, rows: Rows) -> None:
    aliases = _aliases(rows, event.version_id) - {event.alias}
    _change(rows, event.version_id, {"aliases": sorted(aliases)}, position)


_VERSION_CHANGES: Mapping[type[DomainEvent], Callable[[Any, int, Rows], None]] = {
    VersionRegistered: _put_version,
    VersionVerified: _put_verification,
    VersionStatusChanged: _put_status,
    AliasAssigned: _move_alias,
    AliasRemoved: _remove_alias,
}


def _change(rows: Rows, version_id: UUID, changes: Document, position: int) -> None:
    document = rows.get(Collection.VERSIONS, version_id) or {}
    rows.put(Collection.VERSIONS, version_id, {**document, **changes}, position=position)


def _aliases(rows: Rows, version_id: UUID) -> set[str]:
    return set((rows.get(Collection.VERSIONS, version_id) or {})["aliases"])
