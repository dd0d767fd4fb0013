"""Which versions could not be loaded if they had to be. What is in memory answers, but after no restart."""

import time
from collections.abc import Iterable, Iterator

from application.inference.loaded import LoadedPredictors
from application.inference.lookup import Meant
from application.inference.repository import RepositoryVersion, production_versions
from application.ports.artifacts import ArtifactUnavailable
from application.ports.predictor import PredictorLoader
from application.ports.read_models import ReadModels

LOOK_S = 0.5
"""So long artifacts are looked at for one answer: of thousands, the last for one of the answers that follow."""


class Integrity:
    """Looks at the artifacts of versions, where they lie. Safe to use from several threads.

    Args:
        read_models: Know which versions are in production.
        loader: Reads artifacts.
        predictors: What is in memory, and what could not be brought there.
    """

    def __init__(self, *, read_models: ReadModels, loader: PredictorLoader, predictors: LoadedPredictors) -> None:
        self._read_models = read_models
        self._loader = loader
        self._predictors = predictors

    def require(self, artifact_url: str) -> None:
        """Demand that all bytes of an artifact are there, be it in memory or not.

        Raises:
            ArtifactUnavailable: One of them is not, or not what its hash says.
        """
        self._loader.verify(artifact_url)

    def require_answer(self, meant: Meant) -> None:
        """Demand that a version would answer.

        Raises:
            ArtifactUnavailable: It is not in memory, and cannot be loaded.
        """
        if self._predictors.find(meant.artifact_url) is not None:
            return
        if (flaw := self._flaw(meant.artifact_url)) is not None:
            raise unavailable(meant, flaw)

    def unanswerable(self, artifact_urls: Iterable[str]) -> dict[str, str]:
        """Return artifact → why it cannot be loaded, for those that cannot and are not in memory."""
        absent = (each for each in artifact_urls if self._predictors.find(each) is None)
        return dict(self._flaws(absent))

    def in_production(self) -> list[str]:
        """Return what is wrong with each version in production that could not be loaded, and what to do."""
        versions = production_versions(read_models=self._read_models)
        flaws = dict(self._flaws(each.artifact for each in versions if each.artifact is not None))
        return [self._told(each, flaws[each.artifact]) for each in versions if each.artifact in flaws]

    def _told(self, version: RepositoryVersion, flaw: str) -> str:
        is_in_memory = version.artifact is not None and self._predictors.find(version.artifact) is not None
        return (
            f"version {version.version} of model {version.model!r}, in production, "
            f"{'answers from memory alone' if is_in_memory else 'cannot be loaded'}: {flaw.rstrip('.')}; "
            "put its artifact back from a backup, or promote another version"
        )

    def _flaws(self, artifact_urls: Iterable[str]) -> Iterator[tuple[str, str]]:
        ends = time.monotonic() + LOOK_S
        for artifact_url in artifact_urls:
            if (flaw := self._flaw(artifact_url)) is not None:
                yield artifact_url, flaw.message
            if time.monotonic() > ends:
                return

    def _flaw(self, artifact_url: str) -> ArtifactUnavailable | None:
        """Return why an artifact cannot be loaded. It is loaded only where the last try has failed."""
        try:
            self._loader.verify(artifact_url)
            if self._predictors.has_failed(artifact_url):
                self._predictors.warm(artifact_url, may_displace=False)
        except ArtifactUnavailable as flaw:
            return flaw
        return None


def unavailable(meant: Meant, flaw: ArtifactUnavailable) -> ArtifactUnavailable:
    """Return the error that tells who asks for a version that it cannot be loaded, and what its operator does."""
    message = (
        f"Version {meant.version} of model {meant.model!r} cannot be loaded: {flaw.message.rstrip('.')}. There is "
        "an answer as soon as an operator has put its artifact back from a backup, or promoted another version."
    )
    details = {**flaw.details, "model": meant.model_id, "version": meant.version}
    return ArtifactUnavailable(message, **details)
