"""Where artifacts are read from as they are: to be copied, or looked through."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Protocol

from application.ports.artifacts import absent
from infrastructure.artifacts.local import is_sha256, place_of
from infrastructure.artifacts.place import ArtifactPlace

_PIECE_BYTES = 1024 * 1024


class ArtifactSource(Protocol):
    """Where artifacts are read from, as they are."""

    def names(self) -> Iterator[str]:
        """Yield the names of all artifacts, sorted."""

    def pieces(self, sha256: str) -> Generator[bytes, None, None]:
        """Yield the bytes of one, whatever they are.

        Raises:
            ArtifactUnavailable: There are none.
        """

    def where(self, sha256: str) -> str:
        """Return where an artifact lies, or would."""


class ArtifactDirectory:
    """Artifacts in a directory, which is left as it is.

    Args:
        root: The directory.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self) -> Iterator[str]:
        """Yield the names of all artifacts, sorted; nothing where there is no directory.

        Raises:
            OSError: It cannot be read.
        """
        if not self._root.is_dir():
            return
        for directory in sorted(self._root.iterdir()):
            if len(directory.name) == 2 and directory.is_dir():  # noqa: PLR2004 - the first digits of what lies there
                yield from sorted(path.name for path in directory.iterdir() if is_sha256(path.name))

    def pieces(self, sha256: str) -> Generator[bytes, None, None]:
        """Yield the bytes of one, whatever they are.

        Raises:
            ArtifactUnavailable: There are none.
            OSError: They cannot be read.
        """
        try:
            file = (self._root / place_of(sha256)).open("rb")
        except FileNotFoundError:
            raise absent(sha256) from None
        with file:
            while piece := file.read(_PIECE_BYTES):
                yield piece

    def where(self, sha256: str) -> str:
        """Return the path of an artifact."""
        return str(self._root / place_of(sha256))


def source_at(place: ArtifactPlace) -> ArtifactSource:
    """Return the artifacts of a place.

    Raises:
        RemotePlaceInvalid: Its URL is none that this installation can read.
    """
    if place.url is None:
        return ArtifactDirectory(place.root)
    # imported here, because most have their artifacts in a directory
    from infrastructure.artifacts.remote_files import RemoteFiles  # noqa: PLC0415 - see above

    return RemoteFiles(place.url)
