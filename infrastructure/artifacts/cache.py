"""Copies of artifacts on this machine: so many bytes of them, those that are used."""

import fcntl
import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from application.ports.artifacts import ArtifactUnavailable, opened
from infrastructure.artifacts.local import LocalArtifacts, place_of

_KEPT_FREE, _KEPT_FREE_BYTES = 0.05, 1024**3
"""Of the disk, the lesser of the two: a log, or what is being uploaded, may lie on the same."""


class ArtifactCache:
    """A directory of artifacts that can be had again. Safe for several processes at once.

    What is open is locked by whoever has it open, shared with others, and stays under its name, also when the same
    bytes come in again. Of the rest those go that nobody
    has used for longest, as soon as there are more bytes than there may be, or than the disk has room for.

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
        with self._placing(sha256):
            self._place(path, sha256)
        self._note_use(sha256)
        self._stay_within_bounds()

    def keep(self, path: Path, sha256: str) -> BinaryIO:
        """Take in a file like `adopt`, and return it open."""
        with self._placing(sha256):
            self._place(path, sha256)
            file = self._files.path(sha256).open("rb")
            _share(file)
        self._note_use(sha256)
        self._stay_within_bounds()
        return file

    def make_room(self) -> None:
        """Remove all that nobody has open: there is no room for what is wanted."""
        self._remove_first(sum(each.size_bytes for each in self._entries()))

    def _place(self, path: Path, sha256: str) -> None:
        """Put a file under its name, unless somebody has the same open there, who may read it by that name."""
        if _is_open(self._files.root / place_of(sha256)) and self._is_sound(sha256):
            path.unlink()
        else:
            self._files.adopt(path, sha256)

    def _is_sound(self, sha256: str) -> bool:
        try:
            opened(self._files, sha256).close()
        except ArtifactUnavailable:
            return False
        return True

    @contextmanager
    def _placing(self, sha256: str) -> Iterator[None]:
        """Let nobody else put a file under the name meanwhile, or remove the one that is there."""
        while True:
            with (self._used / sha256).open("ab") as note:
                fcntl.flock(note, fcntl.LOCK_EX)
                if _is_there(note):
                    yield
                    return

    def _note_use(self, sha256: str) -> None:
        # not by the file's own times, which tell that nobody has written to it
        (self._used / sha256).touch()

    def _stay_within_bounds(self) -> None:
        disk = shutil.disk_usage(self._files.root)
        size_bytes = sum(each.size_bytes for each in self._entries())
        kept_free = min(int(disk.total * _KEPT_FREE), _KEPT_FREE_BYTES)
        self._remove_first(max(size_bytes - self._max_bytes, kept_free - disk.free))

    def _remove_first(self, surplus: int) -> None:
        """Remove so many bytes, those first that nobody has used for longest."""
        for each in sorted(self._entries()) if surplus > 0 else ():
            if surplus <= 0:
                return
            with self._placing(each.path.name):
                if not _is_open(each.path):
                    each.path.unlink(missing_ok=True)  # another process makes room, too
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


def _is_open(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
