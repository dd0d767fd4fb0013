"""Where artifacts are, in words that another process can be told."""

from pathlib import Path
from typing import Protocol

from application.ports.artifacts import ArtifactStore
from domain.kernel import Immutable


class ArtifactPlace(Immutable):
    """Where an artifact store is.

    Attributes:
        root: The directory.
    """

    root: Path


class PlacedArtifacts(ArtifactStore, Protocol):
    """A store that another process can open."""

    @property
    def place(self) -> ArtifactPlace:
        """Where it is."""
