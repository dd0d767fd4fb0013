"""What a trained version is on disk: a manifest in canonical JSON, and a LightGBM model as text beside it.

Both are data; nothing in them is executed. The body is kept on its own, so that two trainings can be held
against each other by its hash. Neither holds an instant or a duration: the same plan gives the same bytes.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from application.ports.artifacts import ArtifactStore, ArtifactUnavailable, sha256_of, url_of
from domain.datasets.values import ColumnType
from domain.inference.values import Feature, Label
from domain.kernel import Immutable
from domain.models.values import ModelType
from domain.training.hyperparameters import Hyperparameters
from domain.training.values import LEARNABLE_TYPES

MANIFEST_MAX_BYTES = 256 * 1024 * 1024
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class Body(Immutable):
    """Where the LightGBM text is."""

    sha256: Sha256
    size_bytes: int = Field(ge=1)


class Target(Immutable):
    """The column that was learned."""

    name: str
    type: ColumnType


class Source(Immutable):
    """What was learned from.

    Attributes:
        sha256: The dataset's bytes.
        training_rows: Rows that trees were grown on.
        validation_rows: Rows held out for metrics and early stopping.
    """

    sha256: Sha256
    training_rows: int = Field(ge=1)
    validation_rows: int = Field(ge=1)


class Manifest(Immutable):
    """All that is needed to predict with a body, and to train it again.

    Attributes:
        format_version: Of this very shape.
        features: In the order of the body's columns; the body knows them only by number.
        labels: In the order of the body's classes; None for a regression.
        best_iteration: Boosting rounds in the body.
        hyperparameters: As planned, with defaults.
        parameters: What LightGBM was given, without the number of threads, which changes nothing.
        environment: Versions of the libraries that took part.
    """

    format_version: Literal[1] = 1
    model_type: Literal[ModelType.CLASSIFICATION, ModelType.REGRESSION]
    target: Target
    features: tuple[Feature, ...] = Field(min_length=1)
    labels: tuple[Label, ...] | None
    best_iteration: int = Field(ge=1)
    hyperparameters: Hyperparameters
    parameters: dict[str, str | int | float | bool]
    environment: dict[str, str]
    dataset: Source
    body: Body

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = [feature.name for feature in self.features]
        if len(set(names)) != len(names):
            msg = "two features have one name"
            raise ValueError(msg)
        for feature in self.features:
            if feature.type not in LEARNABLE_TYPES:
                msg = f"feature {feature.name!r} is of type {feature.type}, which nothing is learned from"
                raise ValueError(msg)
            if (feature.categories is not None) != (feature.type is ColumnType.CATEGORICAL):
                msg = f"feature {feature.name!r}: a categorical one has categories, no other has"
                raise ValueError(msg)
            if feature.categories is not None and len(set(feature.categories)) != len(feature.categories):
                msg = f"feature {feature.name!r} has one category twice"
                raise ValueError(msg)
        _require_labels(self.model_type, self.labels)
        return self


def _require_labels(model_type: ModelType, labels: tuple[Label, ...] | None) -> None:
    if model_type is ModelType.REGRESSION:
        if labels is not None:
            msg = "a regression has no labels"
            raise ValueError(msg)
        return
    if labels is None or len(labels) < 2:  # noqa: PLR2004 - fewer leave nothing to tell apart
        msg = "a classification has at least two labels"
        raise ValueError(msg)
    if len({type(label) for label in labels}) != 1 or len(set(labels)) != len(labels):
        msg = "labels are distinct and of one type"
        raise ValueError(msg)


def canonical_json(document: Mapping[str, Any]) -> bytes:
    """Return the one spelling of a document: keys sorted, no spaces, ASCII, finite numbers."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.encode("ascii")


def keep(store: ArtifactStore, manifest: Manifest, body: str) -> str:
    """Keep a trained version and return its URL; all of it is on disk then.

    Raises:
        ValueError: The manifest speaks of another body.
    """
    if store.put(body.encode()) != manifest.body.sha256:
        msg = "the manifest names another body than the one given"
        raise ValueError(msg)
    return url_of(store.put(canonical_json(manifest.model_dump(mode="json"))))


def load(store: ArtifactStore, artifact_url: str) -> tuple[Manifest, str]:
    """Return the manifest and the LightGBM text of a version, verified by their hashes.

    Raises:
        ArtifactUnavailable: One of them is not there, damaged, or no such thing.
    """
    manifest = load_manifest(store, artifact_url)
    body = store.read(manifest.body.sha256)
    try:
        if len(body) != manifest.body.size_bytes:
            msg = f"its body has {len(body)} bytes where it says {manifest.body.size_bytes}"
            raise ValueError(msg)
        return manifest, body.decode()
    except ValueError as error:
        raise unreadable(artifact_url, str(error)) from None


def load_manifest(store: ArtifactStore, artifact_url: str) -> Manifest:
    """Return the manifest of a version, verified by its hash.

    Raises:
        ArtifactUnavailable: It is not there, damaged, or no such thing.
    """
    content = store.read(sha256_of(artifact_url))
    try:
        if len(content) > MANIFEST_MAX_BYTES:
            msg = f"it is larger than {MANIFEST_MAX_BYTES} bytes"
            raise ValueError(msg)
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(each) for each in first["loc"])
        raise unreadable(artifact_url, f"{where}: {first['msg']}" if where else first["msg"]) from None
    except ValueError as error:
        raise unreadable(artifact_url, str(error)) from None


def unreadable(artifact_url: str, reason: str) -> ArtifactUnavailable:
    """Return the error that says why an artifact cannot predict."""
    return ArtifactUnavailable(f"{artifact_url} holds no model that can be loaded: {reason}", url=artifact_url)
