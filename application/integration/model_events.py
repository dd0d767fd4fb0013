"""What neighbours are told of models and their versions."""

from typing import Any
from uuid import UUID

from application.integration.event_data import EventData
from domain.models.values import ModelStatus, ModelType


class ModelRegisteredData(EventData):
    """A model exists."""

    model_id: UUID
    name: str
    """Unique among the models in service."""
    type: ModelType
    description: str | None
    metadata: dict[str, Any] | None
    """As its owner wrote it; null where it is too large for a message: then it is found under `dataref`."""


class ModelDescribedData(EventData):
    """A model's description and metadata are these, whatever they were."""

    model_id: UUID
    description: str | None
    metadata: dict[str, Any] | None
    """As its owner wrote it; null where it is too large for a message: then it is found under `dataref`."""


class ModelRenamedData(EventData):
    """A model has another name."""

    model_id: UUID
    name: str
    previous_name: str
    """Free for another model since."""


class ModelVersionRegisteredData(EventData):
    """A model has a new version, in staging."""

    model_id: UUID
    version_id: UUID
    version: str
    """Its number, never used before in this model."""
    status: ModelStatus
    hyperparameters: dict[str, Any] | None
    """As asked for; null where they are too large for a message: then they are found under `dataref`."""
    metrics: dict[str, float] | None
    """On held-out data, by name; null where they are too large for a message: then found under `dataref`."""
    artifact_url: str | None
    """Of the trained artifact; null where the service holds none."""
    training_job_id: UUID | None
    """The job that made it; null where it was trained elsewhere."""
    dataset_id: UUID | None
    """What it learned from; null where that is not known."""
    dataset_sha256: str | None
    """The very bytes it learned from, lower-case hexadecimal; null where they are not known."""


class DifferenceData(EventData):
    """Where a version came out otherwise when it was trained again."""

    what: str
    """A dotted path (`parts.trees`, `environment.lightgbm`)."""
    expected: str | None
    """What the version has; null where it has no such thing."""
    actual: str | None
    """What came out when it was trained again; null where no such thing did."""


class ModelVersionVerifiedData(EventData):
    """A version was trained again from what the log says, and held against what had come of it."""

    model_id: UUID
    version_id: UUID
    version: str
    training_job_id: UUID
    """The job that trained it again."""
    reproduced: bool
    """Whether it predicts by the very same bytes and settings."""
    differences: list[DifferenceData] | None
    """All that differs; null where it is too large for a message: then it is found under `dataref`."""


class ModelVersionStatusChangedData(EventData):
    """A version has moved to another status; the one in `production` is what predictions are made with."""

    model_id: UUID
    version_id: UUID
    version: str
    status: ModelStatus
    previous_status: ModelStatus


class ModelAliasAssignedData(EventData):
    """An alias stands for this version."""

    model_id: UUID
    alias: str
    version_id: UUID
    version: str
    previous_version_id: UUID | None
    """What it stood for until then; null where it is new."""


class ModelAliasRemovedData(EventData):
    """An alias stands for nothing any more."""

    model_id: UUID
    alias: str
    version_id: UUID
    """What it stood for until then."""
    version: str


class ModelRetiredData(EventData):
    """A model serves no more; its history stays readable."""

    model_id: UUID
    name: str
    """Free for another model since."""
