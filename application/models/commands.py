"""What may be asked of models. Unknown fields are refused, so that a typing error is never silently ignored."""

from typing import Any

from pydantic import Field

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


class ChangeStatus(Immutable):
    """Move a version; promoting it archives the version in production."""

    status: ModelStatus


class AssignAlias(Immutable):
    """Let an alias stand for a version, given by number, id or another alias."""

    version: str
