"""Where artifacts are, in words that another process can be told."""

from pathlib import Path
from typing import Protocol

from pydantic import Field

from application.ports.artifacts import ArtifactStore
from domain.kernel import Immutable

CACHE_BYTES = 20 * 1024**3


class RemotePlaceInvalid(Exception):
    """The URL is none of a store that this installation can read; the message says what to do."""


class ArtifactPlace(Immutable):
    """Where an artifact store is.

    Attributes:
        root: The directory; of a store that is elsewhere, the directory for copies of what is used here.
        url: Of the store that is elsewhere; None where it is the directory.
        cache_bytes: So much of that is copied here at most, beside what is in use.
    """

    root: Path
    url: str | None = None
    cache_bytes: int = Field(default=CACHE_BYTES, ge=0)

    def __str__(self) -> str:
        """Return how people call it."""
        return str(self.root) if self.url is None else self.url


class PlacedArtifacts(ArtifactStore, Protocol):
    """A store that another process can open."""

    @property
    def place(self) -> ArtifactPlace:
        """Where it is."""

    def identity(self) -> str:
        """Return what tells it from every other store, the same for all who open it.

        Raises:
            ArtifactStoreUnreachable: It cannot be asked.
            OSError: The directory cannot be read or written.
        """

    def clear_incoming(self) -> None:
        """Remove what dead processes left half-written on this machine."""
