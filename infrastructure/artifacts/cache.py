"""Copies of artifacts on this machine: so many bytes of them, those that are used."""

import fcntl
import os
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from application.ports.artifacts import ArtifactUnavailable
from infrastructure.artifacts.local import LocalArtifacts


class ArtifactCache:
    """A directory of artifacts that can be had again. Safe for several processes at once.

    What is open is locked by whoever has it open, shared with others, and stays. Of the rest those go that nobody
    has used for longest, as soon as there are more bytes than there may be.

    Args:
        root: The directory.
        max_bytes: So many may lie there, beside what is in use.
    """

    def __init__(self, *, root: Path, max_bytes: int) -> None:
        self._files = LocalArtifacts(root=root)
        self._used = self._files.root / "used"
        self._used.mkdir(exist_ok=True)
        self._max_bytes = max_bytes

    def incoming(self) -> Path:
        """Return a path for a file that is still being written; nothing lies there yet."""
        return self._files.incoming()

    def clear_incoming(self) -> None:
        """Remove what dead processes left half-written."""
        self._files.clear_incoming()

    def opening(self, sha256: str) -> Generator[None, None, BinaryIO | None]:
        """Return the open file, found to hold what the hash says; None where there is no such file.

        Raises:
            ArtifactUnavailable: `sha256` is no hash.
        """
        try:
            file = yield from self._files.opening(sha256)
        except ArtifactUnavailable:
            return None  # a damaged copy is as good as none: the next one takes its place
        _share(file)
        if not _is_there(file):  # it went while it was read
            file.close()
            return None
        self._note_use(sha256)
        return file

    def adopt(self, path: Path, sha256: str) -> None:
        """Take in a file whose hash the caller has computed, and remove it from where it is."""
        self._files.adopt(path, sha256)
        self._note_use(sha256)
        self._make_room()

    def keep(self, path: Path, sha256: str) -> BinaryIO:
        """Take in a file like `adopt`, and return it open."""
        with path.open("rb") as written:
            _share(written)  # so that it stays until it is open under its name, too
            self._files.adopt(path, sha256)
            file = self._files.path(sha256).open("rb")
            _share(file)
        self._note_use(sha256)
        self._make_room()
        return file

    def _note_use(self, sha256: str) -> None:
        # not by the file's own times, which tell that nobody has written to it
        (self._used / sha256).touch()

    def _make_room(self) -> None:
        entries = sorted(self._entries())
        surplus = sum(each.size_bytes for each in entries) - self._max_bytes
        for each in entries:
            if surplus <= 0:
                return
            if _removed(each.path):
                (self._used / each.path.name).unlink(missing_ok=True)
                surplus -= each.size_bytes

    def _entries(self) -> Iterator["_Lying"]:
        for path in self._files.root.glob("??/*"):
            with suppress(FileNotFoundError):  # another process makes room, too
                used_ns = 0
                with suppress(FileNotFoundError):
                    used_ns = (self._used / path.name).stat().st_mtime_ns
                yield _Lying(used_ns, path, path.stat().st_size)


class _Lying(NamedTuple):
    """An artifact that lies in the cache; the first of several is the first to go."""

    used_ns: int
    path: Path
    size_bytes: int


def _share(file: BinaryIO) -> None:
    fcntl.flock(file, fcntl.LOCK_SH)


def _is_there(file: BinaryIO) -> bool:
    return os.fstat(file.fileno()).st_nlink > 0


def _removed(path: Path) -> bool:
    """Remove a file that nobody has open, and tell whether that was so."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    except BlockingIOError:
        return False
    except FileNotFoundError:  # another process makes room, too
        pass
    return True
