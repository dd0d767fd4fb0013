"""What may be asked of models. Unknown fields are refused, so that a typing error is never silently ignored."""

from typing import Any

from pydantic import Field

from domain.inference.values import Feature, Label
from domain.kernel import Immutable
from domain.models.values import ModelStatus, ModelType


class RegisterModel(Immutable):
    """Begin a model."""

    name: str
    type: ModelType
    description: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)


class UpdateModel(Immutable):
    """Change what is said of a model; only the fields that were set.

    `metadata` is merged (RFC 7396): a null removes a key, an object is merged into the one there.
    """

    name: str | None = None
    description: str | None = None
    metadata: dict[str, Any] | None = None


class RegisterVersion(Immutable):
    """Give a model a version that was trained elsewhere.

    Attributes:
        version: Its number; without it, the next one.
        artifact_url: Where a LightGBM model lies as text, which is copied; without it, the version is only kept
            account of.
        hyperparameters: As it was trained with.
        metrics: As they were measured.
        labels: Of a classification, in the order of its codes; without them, the codes themselves.
        features: In the order in which the model asks for them; without them, as it says itself.
    """

    version: str | None = None
    artifact_url: str | None = None
    hyperparameters: dict[str, Any] = Field(default_factory=dict)
    metrics: dict[str, float] = Field(default_factory=dict)
    labels: tuple[Label, ...] | None = None
    features: tuple[Feature, ...] | None = None


class ChangeStatus(Immutable):
    """Move a version; promoting it archives the version in production."""

    status: ModelStatus


class AssignAlias(Immutable):
    """Let an alias stand for a version, given by number, id or another alias."""

    version: str
