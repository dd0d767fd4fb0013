"""From what happened to models here to what neighbours are told of it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from application.integration.event_data import EventData
from application.integration.model_events import (
    DifferenceData,
    ModelAliasAssignedData,
    ModelAliasRemovedData,
    ModelDescribedData,
    ModelRegisteredData,
    ModelRenamedData,
    ModelRetiredData,
    ModelVersionRegisteredData,
    ModelVersionStatusChangedData,
    ModelVersionVerifiedData,
)
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


def _model_registered(event: ModelRegistered) -> ModelRegisteredData:
    return ModelRegisteredData(
        model_id=event.originator_id,
        name=event.name,
        type=event.type,
        description=event.description,
        metadata=event.metadata,
    )


def _model_described(event: ModelDescribed) -> ModelDescribedData:
    return ModelDescribedData(model_id=event.originator_id, description=event.description, metadata=event.metadata)


def _model_renamed(event: ModelRenamed) -> ModelRenamedData:
    return ModelRenamedData(model_id=event.originator_id, name=event.name, previous_name=event.previous_name)


def _version_registered(event: VersionRegistered) -> ModelVersionRegisteredData:
    return ModelVersionRegisteredData(
        model_id=event.originator_id,
        version_id=event.version_id,
        version=event.version,
        status=ModelStatus.STAGING,
        hyperparameters=event.hyperparameters,
        metrics=event.metrics,
        artifact_url=event.artifact_url,
        training_job_id=event.training_job_id,
        dataset_id=event.dataset_id,
        dataset_sha256=event.dataset_sha256,
    )


def _version_status_changed(event: VersionStatusChanged) -> ModelVersionStatusChangedData:
    return ModelVersionStatusChangedData(
        model_id=event.originator_id,
        version_id=event.version_id,
        version=event.version,
        status=event.status,
        previous_status=event.previous,
    )


def _version_verified(event: VersionVerified) -> ModelVersionVerifiedData:
    return ModelVersionVerifiedData(
        model_id=event.originator_id,
        version_id=event.version_id,
        version=event.version,
        training_job_id=event.training_job_id,
        reproduced=event.reproduced,
        differences=[
            DifferenceData(what=each.what, expected=each.expected, actual=each.actual)
            for each in event.differences
        ],
    )


def _alias_assigned(event: AliasAssigned) -> ModelAliasAssignedData:
    return ModelAliasAssignedData(
        model_id=event.originator_id,
        alias=event.alias,
        version_id=event.version_id,
        version=event.version,
        previous_version_id=event.previous_version_id,
    )


def _alias_removed(event: AliasRemoved) -> ModelAliasRemovedData:
    return ModelAliasRemovedData(
        model_id=event.originator_id, alias=event.alias, version_id=event.version_id, version=event.version
    )


def _model_retired(event: ModelRetired) -> ModelRetiredData:
    return ModelRetiredData(model_id=event.originator_id, name=event.name)


OF_MODELS: Mapping[type[DomainEvent], Callable[[Any], EventData]] = MappingProxyType(
    {
        ModelRegistered: _model_registered,
        ModelDescribed: _model_described,
        ModelRenamed: _model_renamed,
        VersionRegistered: _version_registered,
        VersionStatusChanged: _version_status_changed,
        VersionVerified: _version_verified,
        AliasAssigned: _alias_assigned,
        AliasRemoved: _alias_removed,
        ModelRetired: _model_retired,
    }
)
"""Every event of models that is public, and what is told of it."""
