"""Where a restoring puts artifacts: a directory, or a store that is elsewhere, as good as empty before."""

import re
import shutil
from pathlib import Path
from typing import Protocol

from infrastructure.artifacts.local import place_of
from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.artifacts.sources import ArtifactDirectory
from infrastructure.backup.artifact_files import copy, persist_all
from infrastructure.backup.unfinished import DirectoryNotEmpty

UNFINISHED = "restoring"
"""What lies there from the beginning of a restoring to its end."""

_PREFIX = re.compile(r"[0-9a-f]{2}")


class RestoreTarget(Protocol):
    """Takes artifacts in."""

    def require_free(self) -> None:
        """Demand that nothing is there but what a restoring has left that did not come to its end.

        Raises:
            DirectoryNotEmpty: Something else is.
        """

    def begin(self) -> None:
        """Have it known that it is not complete."""

    def take(self, name: str, *, source: Path) -> None:
        """Take in an artifact of a directory of artifacts.

        Raises:
            ArtifactUnavailable: It is not there.
            ArtifactDamaged: Its bytes are others than its name says.
        """

    def persist(self) -> None:
        """Have all of it survive a power cut."""

    def end(self) -> None:
        """Have it known that it is complete."""


def target_at(place: ArtifactPlace, *, home: Path) -> RestoreTarget:
    """Return what takes artifacts in at a place.

    Raises:
        RemotePlaceInvalid: Its URL is none that this installation can read.
    """
    return DirectoryTarget(place.root, home=home) if place.url is None else StoreTarget(place.url)


class DirectoryTarget:
    """A directory.

    Args:
        root: It; made where it is not there.
        home: The data directory, which looks after what lies in it itself.
    """

    def __init__(self, root: Path, *, home: Path) -> None:
        self._root = root.absolute()
        self._is_within = self._root.is_relative_to(home)

    def require_free(self) -> None:
        """Demand that nothing is there but what a restoring has left that did not come to its end.

        Raises:
            DirectoryNotEmpty: Something else is.
        """
        if self._is_within or not self._root.exists():
            return
        kept = {path.name for path in self._root.iterdir()}
        is_ours = UNFINISHED in kept and all(
            map(_PREFIX.fullmatch, kept - {UNFINISHED})
        )  # no service has begun there
        if kept and not is_ours:
            msg = f"{self._root} is not empty: name a directory for artifacts that is, or make one"
            raise DirectoryNotEmpty(msg)

    def begin(self) -> None:
        """Have it known that it is not complete, and remove what another restoring left."""
        if self._root.exists():
            for path in self._root.iterdir():
                if path.name != UNFINISHED:  # which stays, so that this can be begun again as well
                    shutil.rmtree(path)
        (self._root / UNFINISHED).mkdir(mode=0o700, parents=True, exist_ok=True)

    def take(self, name: str, *, source: Path) -> None:
        """Take in an artifact."""
        copy(name, source=ArtifactDirectory(source), target=self._root)

    def persist(self) -> None:
        """Have all of it survive a power cut."""
        persist_all(self._root)

    def end(self) -> None:
        """Have it known that it is complete."""
        (self._root / UNFINISHED).rmdir()


class StoreTarget:
    """A store that is elsewhere. What another restoring left there stays: it is what its name says.

    Args:
        url: Of the store.

    Raises:
        RemotePlaceInvalid: It is none that this installation can read.
    """

    def __init__(self, url: str) -> None:
        # imported here, because most have their artifacts in a directory
        from infrastructure.artifacts.remote_files import RemoteFiles  # noqa: PLC0415 - see above

        self._url = url
        self._files = RemoteFiles(url)

    def require_free(self) -> None:
        """Demand that nothing is there but what a restoring has left that did not come to its end.

        Raises:
            DirectoryNotEmpty: Something else is.
        """
        if not self._files.has(UNFINISHED) and any(True for _ in self._files.names()):
            msg = f"{self._url} is not empty: name a place for artifacts that is"
            raise DirectoryNotEmpty(msg)

    def begin(self) -> None:
        """Have it known that it is not complete."""
        self._files.write(UNFINISHED, b"restoring")

    def take(self, name: str, *, source: Path) -> None:
        """Take in an artifact."""
        copy(name, source=ArtifactDirectory(source), target=None)
        self._files.send(source / place_of(name), name)

    def persist(self) -> None:
        """Have all of it survive a power cut, which it does."""

    def end(self) -> None:
        """Have it known that it is complete."""
        self._files.remove(UNFINISHED)
