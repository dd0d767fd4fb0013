"""Versions brought into memory, whatever their type."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Protocol

from application.ports.artifacts import ArtifactStore, opened, sha256_of
from application.ports.predictor import Predictor
from domain.models.values import ModelType
from infrastructure.learning.artifact import Parts, load, load_manifest, unreadable
from infrastructure.learning.manifest import Manifest

_LOADERS: Mapping[ModelType, str] = MappingProxyType(
    {
        ModelType.CLASSIFICATION: "classification",
        ModelType.REGRESSION: "regression",
        ModelType.CLUSTERING: "clustering",
        ModelType.NLP: "nlp",
        ModelType.TIME_SERIES: "time_series",
    }
)
"""The module of `predictors` that answers for each type."""


class Load(Protocol):
    """Makes a predictor of one type."""

    def __call__(self, manifest: Manifest, parts: Parts) -> Predictor:
        """Return the predictor; nothing in the parts is executed.

        Raises:
            ValueError: They are no such model, or not what the manifest says.
        """


def predictor_of(manifest: Manifest, parts: Parts) -> Predictor:
    """Return what answers with the parts; nothing in them is executed.

    Raises:
        ValueError, KeyError: They are no model, or not what the manifest says.
    """
    if manifest.model_type not in _LOADERS:
        msg = f"nothing answers for a {manifest.model_type} model here"
        raise ValueError(msg)
    module = import_module(f"infrastructure.learning.predictors.{_LOADERS[manifest.model_type]}")
    load_parts: Load = module.load
    return load_parts(manifest, parts)


class ArtifactPredictorLoader:
    """Loads what training kept in the artifact store. Safe to use from several threads."""

    def __init__(self, *, artifacts: ArtifactStore) -> None:
        self._artifacts = artifacts
        self._parts: dict[str, tuple[str, ...]] = {}

    def load(self, artifact_url: str) -> Predictor:
        """Return the predictor of an artifact, verified by its hashes; nothing in it is executed.

        Raises:
            ArtifactUnavailable: It is not there, not what its hash says, or its parts do not fit.
        """
        manifest, parts = load(self._artifacts, artifact_url)
        try:
            return predictor_of(manifest, parts)
        except (ValueError, KeyError) as error:
            raise unreadable(artifact_url, str(error)) from None

    def verify(self, artifact_url: str) -> None:
        """Demand that all bytes of an artifact are there and what its hashes say, without loading it.

        Raises:
            ArtifactUnavailable: One of them is not, or its manifest is no such thing.
        """
        parts = self._parts.get(artifact_url)
        if parts is None:
            manifest = load_manifest(self._artifacts, artifact_url)
            parts = self._parts[artifact_url] = tuple(part.sha256 for part in manifest.parts.values())
        else:
            opened(self._artifacts, sha256_of(artifact_url)).close()
        for sha256 in parts:
            opened(self._artifacts, sha256).close()
