"""What can be true of a model. Stored for ever: a topic's shape changes only by a new schema version."""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field

from domain.kernel import DomainEvent
from domain.models.values import Difference, ModelStatus, ModelType
from domain.naming import NameReleased, NameReserved


class ModelNameReserved(NameReserved):
    """When a model holds this name."""

    TOPIC: ClassVar[str] = "model-name.reserved.v1"


class ModelNameReleased(NameReleased):
    """When no model holds this name any more."""

    TOPIC: ClassVar[str] = "model-name.released.v1"


class ModelRegistered(DomainEvent):
    """When a model exists."""

    TOPIC: ClassVar[str] = "model.registered.v1"

    name: str
    type: ModelType
    description: str | None
    metadata: dict[str, Any]


class ModelDescribed(DomainEvent):
    """When the model's description and metadata are these, whatever they were."""

    TOPIC: ClassVar[str] = "model.described.v1"

    description: str | None
    metadata: dict[str, Any]


class ModelRenamed(DomainEvent):
    """When the model has another name."""

    TOPIC: ClassVar[str] = "model.renamed.v1"

    name: str
    previous_name: str


class VersionRegistered(DomainEvent):
    """When the model has a new version, in staging.

    Attributes:
        version: Its number, never used before in this model.
        hyperparameters: As asked for when it was trained.
        metrics: On held-out data, by name.
        artifact_url: Where the trained artifact lies; None when the service holds none.
        training_job_id: The job that made it; None when it was trained elsewhere.
        dataset_id: What it learned from; None when not known here.
        dataset_sha256: The very bytes it learned from; None when not known here.
        source_url: Where the artifact was copied from; None when it was trained here, or the service holds none.
        source_sha256: The very bytes that lay there; None where none did, or an older program copied them.
    """

    TOPIC: ClassVar[str] = "model.version-registered.v1"

    version_id: UUID
    version: str
    hyperparameters: dict[str, Any]
    metrics: dict[str, float]
    artifact_url: str | None
    training_job_id: UUID | None
    dataset_id: UUID | None
    dataset_sha256: str | None
    source_url: str | None = Field(default=None, exclude_if=lambda url: url is None)
    source_sha256: str | None = Field(default=None, exclude_if=lambda sha256: sha256 is None)


class VersionVerified(DomainEvent):
    """When the version was trained again from what the log says, and held against what had come of it.

    Attributes:
        training_job_id: The job that trained it again.
        reproduced: Whether it predicts by the very same bytes and settings.
        differences: All that differs; of what was reproduced, that which predictions are not made of.
    """

    TOPIC: ClassVar[str] = "model.version-verified.v1"

    version_id: UUID
    version: str
    training_job_id: UUID
    reproduced: bool
    differences: tuple[Difference, ...]


class VersionStatusChanged(DomainEvent):
    """When a version has moved to another status."""

    TOPIC: ClassVar[str] = "model.version-status-changed.v1"

    version_id: UUID
    version: str
    previous: ModelStatus
    status: ModelStatus


class AliasAssigned(DomainEvent):
    """When the alias stands for this version.

    Attributes:
        previous_version_id: What it stood for until then; None when it is new.
    """

    TOPIC: ClassVar[str] = "model.alias-assigned.v1"

    alias: str
    version_id: UUID
    version: str
    previous_version_id: UUID | None


class AliasRemoved(DomainEvent):
    """When the alias stands for nothing."""

    TOPIC: ClassVar[str] = "model.alias-removed.v1"

    alias: str
    version_id: UUID
    version: str


class ModelRetired(DomainEvent):
    """When the model serves no more; its name is free, its history stays."""

    TOPIC: ClassVar[str] = "model.retired.v1"

    name: str


ModelEvent = (
    ModelRegistered
    | ModelDescribed
    | ModelRenamed
    | VersionRegistered
    | VersionVerified
    | VersionStatusChanged
    | AliasAssigned
    | AliasRemoved
    | ModelRetired
)
