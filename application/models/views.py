"""What readers see of models and versions."""

from typing import Any

from application.views import Instant, View
from domain.models.events import VersionRegistered, VersionVerified
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


class VersionDifference(View):
    """Where a training gave something else than the one before it.

    Attributes:
        what: A dotted path (`parts.trees`, `environment.lightgbm`).
        expected: What the version has; null where it has no such thing.
        actual: What came out when it was trained again; null where no such thing did.
    """

    what: str
    expected: str | None
    actual: str | None


class VersionVerification(View):
    """What came of training a version again.

    Attributes:
        reproduced: Whether it predicts by the very same bytes and settings.
        differences: All that differs; of what was reproduced, that which predictions are not made of.
        training_job_id: The job that trained it again.
    """

    reproduced: bool
    differences: list[VersionDifference]
    training_job_id: str
    verified_at: Instant


class ModelVersionResponse(ModelVersionBase):
    """A version.

    Attributes:
        aliases: That stand for it.
        training_job_id: The job that made it; None when it was trained elsewhere.
        source_url: Where the artifact was copied from; None when it was trained here, or the service holds none.
        verification: What came of training it again, the last time; None where nobody asked for that.
    """

    id: str
    model_id: str
    created_at: Instant
    updated_at: Instant
    aliases: list[str]
    training_job_id: str | None
    dataset_id: str | None
    dataset_sha256: str | None
    source_url: str | None
    verification: VersionVerification | None


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
        source_url=registered.source_url,
        verification=None,
    )


def verification_view(verified: VersionVerified) -> VersionVerification:
    """Return what a reader sees of a verification."""
    return VersionVerification(
        reproduced=verified.reproduced,
        differences=[
            VersionDifference(what=each.what, expected=each.expected, actual=each.actual)
            for each in verified.differences
        ],
        training_job_id=str(verified.training_job_id),
        verified_at=verified.provenance.timestamp,
    )


def version_view(
    model: Model, registered: VersionRegistered, verified: VersionVerified | None
) -> ModelVersionResponse:
    """Return what a reader sees now of a version.

    Args:
        model: Its model.
        registered: When it was registered.
        verified: When it was verified last; None where it never was.
    """
    version = model.versions[registered.version_id]
    now = {
        "status": version.status,
        "updated_at": version.updated_at,
        "aliases": sorted(alias for alias, each in model.aliases.items() if each == version.id),
        "verification": None if verified is None else verification_view(verified),
    }
    return registered_version_view(registered).model_copy(update=now)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
