"""How the documents of models and versions follow from events."""

from functools import singledispatch
from typing import Any
from uuid import UUID

from application.models.views import registered_version_view
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
)
from domain.models.values import ModelStatus


def project(event: DomainEvent, position: int, rows: Rows) -> None:
    """Put what the event changes of its model and of the versions it speaks of."""
    if isinstance(event, ModelRegistered):
        rows.put(Collection.MODELS, event.originator_id, _registered(event), position=position)
        return
    if not isinstance(event, _EVENTS):
        return
    document = rows.get(Collection.MODELS, event.originator_id) or {}
    changes = {
        "updated_at": instant_text(event.provenance.timestamp),
        "aggregate_version": event.originator_version,
        **_model_changes(event, document),
    }
    rows.put(Collection.MODELS, event.originator_id, {**document, **changes}, position=position)
    _put_versions(event, position, rows)


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


_EVENTS = (
    ModelDescribed,
    ModelRenamed,
    VersionRegistered,
    VersionStatusChanged,
    AliasAssigned,
    AliasRemoved,
    ModelRetired,
)


@singledispatch
def _model_changes(event: Any, document: Any) -> dict[str, Any]:
    msg = f"no projection of {type(event).__qualname__}"
    raise TypeError(msg)


@_model_changes.register
def _(event: ModelDescribed, document: Any) -> dict[str, Any]:
    return {"description": event.description, "metadata": event.metadata}


@_model_changes.register
def _(event: ModelRenamed, document: Any) -> dict[str, Any]:
    return {"name": event.name}


@_model_changes.register
def _(event: VersionRegistered, document: Any) -> dict[str, Any]:
    return {"latest_version": event.version}


@_model_changes.register
def _(event: VersionStatusChanged, document: Any) -> dict[str, Any]:
    if event.status is ModelStatus.PRODUCTION:
        return {"production_version": event.version}
    if document["production_version"] == event.version:
        return {"production_version": None}
    return {}


@_model_changes.register
def _(event: AliasAssigned, document: Any) -> dict[str, Any]:
    return {"aliases": dict(sorted({**document["aliases"], event.alias: event.version}.items()))}


@_model_changes.register
def _(event: AliasRemoved, document: Any) -> dict[str, Any]:
    return {"aliases": {alias: each for alias, each in document["aliases"].items() if alias != event.alias}}


@_model_changes.register
def _(event: ModelRetired, document: Any) -> dict[str, Any]:
    return {"retired_at": instant_text(event.provenance.timestamp)}


def _put_versions(event: DomainEvent, position: int, rows: Rows) -> None:
    def change(version_id: UUID, **changes: Any) -> None:
        document = rows.get(Collection.VERSIONS, version_id) or {}
        rows.put(Collection.VERSIONS, version_id, {**document, **changes}, position=position)

    def aliases_of(version_id: UUID) -> set[str]:
        return set((rows.get(Collection.VERSIONS, version_id) or {})["aliases"])

    if isinstance(event, VersionRegistered):
        rows.put(
            Collection.VERSIONS,
            event.version_id,
            registered_version_view(event).model_dump(mode="json"),
            position=position,
        )
    elif isinstance(event, VersionStatusChanged):
        change(event.version_id, status=event.status.value, updated_at=instant_text(event.provenance.timestamp))
    elif isinstance(event, AliasAssigned):
        if (previous := event.previous_version_id) is not None:
            change(previous, aliases=sorted(aliases_of(previous) - {event.alias}))
        change(event.version_id, aliases=sorted(aliases_of(event.version_id) | {event.alias}))
    elif isinstance(event, AliasRemoved):
        change(event.version_id, aliases=sorted(aliases_of(event.version_id) - {event.alias}))
