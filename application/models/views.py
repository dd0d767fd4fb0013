"""What readers see of models and versions."""

from typing import Any

from application.views import Instant, View
from domain.models.events import VersionRegistered
from domain.models.model import Model
from domain.models.values import ModelStatus, ModelType


class MLModelBase(View):
    """What a model is registered with."""

    name: str
    description: str | None
    type: ModelType
    metadata: dict[str, Any]


class MLModelResponse(MLModelBase):
    """A model.

    Attributes:
        latest_version: The number registered last; None before the first.
        production_version: The number in production; None when none is.
        aliases: Alias → number.
        aggregate_version: Of the model; its `ETag`.
        retired_at: When it was taken out of service; None while it serves.
    """

    id: str
    created_at: Instant
    updated_at: Instant
    latest_version: str | None
    production_version: str | None
    aliases: dict[str, str]
    aggregate_version: int
    retired_at: Instant | None


class ModelVersionBase(View):
    """What a version is registered with."""

    version: str
    status: ModelStatus = ModelStatus.STAGING
    hyperparameters: dict[str, Any]
    metrics: dict[str, float]
    artifact_url: str | None


class ModelVersionResponse(ModelVersionBase):
    """A version.

    Attributes:
        aliases: That stand for it.
        training_job_id: The job that made it; None when it was trained elsewhere.
    """

    id: str
    model_id: str
    created_at: Instant
    updated_at: Instant
    aliases: list[str]
    training_job_id: str | None
    dataset_id: str | None
    dataset_sha256: str | None


class AliasResponse(View):
    """An alias and the version it stands for."""

    alias: str
    version: str
    version_id: str
    model_id: str


def model_view(model: Model) -> MLModelResponse:
    """Return what a reader sees of the model."""
    return MLModelResponse(
        id=str(model.id),
        name=model.name,
        description=model.description,
        type=model.type,
        metadata=model.metadata,
        created_at=model.created_at,
        updated_at=model.updated_at,
        latest_version=model.versions[model.latest_id].number if model.latest_id else None,
        production_version=model.versions[model.production_id].number if model.production_id else None,
        aliases={alias: model.versions[version_id].number for alias, version_id in sorted(model.aliases.items())},
        aggregate_version=model.version,
        retired_at=model.updated_at if model.is_retired else None,
    )


def registered_version_view(registered: VersionRegistered) -> ModelVersionResponse:
    """Return what a reader sees of a version that has just been registered."""
    at = registered.provenance.timestamp
    return ModelVersionResponse(
        id=str(registered.version_id),
        model_id=str(registered.originator_id),
        version=registered.version,
        status=ModelStatus.STAGING,
        hyperparameters=registered.hyperparameters,
        metrics=registered.metrics,
        artifact_url=registered.artifact_url,
        created_at=at,
        updated_at=at,
        aliases=[],
        training_job_id=_text(registered.training_job_id),
        dataset_id=_text(registered.dataset_id),
        dataset_sha256=registered.dataset_sha256,
    )


def version_view(model: Model, registered: VersionRegistered) -> ModelVersionResponse:
    """Return what a reader sees now of the version that was registered by this event."""
    version = model.versions[registered.version_id]
    now = {
        "status": version.status,
        "updated_at": version.updated_at,
        "aliases": sorted(alias for alias, each in model.aliases.items() if each == version.id),
    }
    return registered_version_view(registered).model_copy(update=now)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
