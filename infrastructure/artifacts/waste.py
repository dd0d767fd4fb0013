"""Stores that artifacts can be taken out of: first aside, then for good."""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from infrastructure.artifacts.local import LocalArtifacts, is_sha256, place_of
from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.artifacts.sources import ArtifactDirectory, ArtifactSource

ASIDE = "collected"
"""Where a store has what is being taken out, until that is sure."""


class Lying(NamedTuple):
    """An artifact that lies in a store.

    Attributes:
        kept_at: When somebody kept these bytes last, by the store's own clock.
    """

    name: str
    size_bytes: int
    kept_at: datetime


class Collectable(ArtifactSource, Protocol):
    """A store that artifacts can be taken out of."""

    def lying(self) -> Iterator[Lying]:
        """Yield all artifacts, in no order."""

    def aside(self) -> Iterator[str]:
        """Yield the names of those that are aside."""

    def set_aside(self, name: str, *, before: datetime) -> bool:
        """Put an artifact aside, and tell whether it is: not so if it was kept since the instant, or is now."""

    def put_back(self, name: str) -> None:
        """Put an artifact back that is aside."""

    def forget(self, name: str) -> None:
        """Remove what is aside, for good."""

    def clear_incoming(self, *, before: datetime) -> None:
        """Remove what was left half-written before the instant."""


class DirectoryWaste(ArtifactDirectory):
    """A directory of artifacts. What is kept in it gets the age of that moment, and its name by a rename.

    Args:
        root: The directory.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._aside = root / ASIDE

    def lying(self) -> Iterator[Lying]:
        """Yield all artifacts, in no order."""
        for name in self.names():
            with suppress(FileNotFoundError):
                status = (self._root / place_of(name)).stat()
                yield Lying(name, status.st_size, _instant(status))

    def aside(self) -> Iterator[str]:
        """Yield the names of those that are aside."""
        if self._aside.is_dir():
            yield from filter(is_sha256, [path.name for path in self._aside.iterdir()])

    def set_aside(self, name: str, *, before: datetime) -> bool:
        """Put an artifact aside, and tell whether it is."""
        self._aside.mkdir(exist_ok=True)
        place, aside = self._root / place_of(name), self._aside / name
        try:
            if _instant(place.stat()) >= before:
                return False
            place.rename(aside)
        except FileNotFoundError:
            return False
        if _instant(aside.stat()) >= before:  # kept between the two
            self.put_back(name)
            return False
        return True

    def put_back(self, name: str) -> None:
        """Put an artifact back that is aside; what lies in its place meanwhile is the same, and younger."""
        place, aside = self._root / place_of(name), self._aside / name
        with suppress(FileExistsError, FileNotFoundError):
            os.link(aside, place)
        aside.unlink(missing_ok=True)

    def forget(self, name: str) -> None:
        """Remove what is aside, for good."""
        (self._aside / name).unlink(missing_ok=True)

    def clear_incoming(self, *, before: datetime) -> None:
        """Remove what was left half-written: nobody has written to it for an hour."""
        LocalArtifacts(root=self._root).clear_incoming()


def waste_at(place: ArtifactPlace) -> Collectable:
    """Return the store of a place.

    Raises:
        RemotePlaceInvalid: Its URL is none that this installation can read.
    """
    if place.url is None:
        return DirectoryWaste(place.root)
    # imported here, because most have their artifacts in a directory
    from infrastructure.artifacts.remote_files import RemoteFiles  # noqa: PLC0415 - see above
    from infrastructure.artifacts.remote_waste import RemoteWaste  # noqa: PLC0415 - see above

    return RemoteWaste(RemoteFiles(place.url))


def _instant(status: os.stat_result) -> datetime:
    return datetime.fromtimestamp(status.st_mtime, tz=UTC)
