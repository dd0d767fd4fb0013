"""Artifacts in a directory of this machine."""

import hashlib
import logging
import os
import re
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple
from uuid import uuid4

from application.ports.artifacts import ArtifactUnavailable, absent, damaged, url_of
from infrastructure.artifacts.place import ArtifactPlace

_SHA256 = re.compile(r"[0-9a-f]{64}")
_IDENTITY = "store.id"
_TRIAL = b"is there room?"
_READ_ONLY = 0o444
_ABANDONED_S = 3600.0
_STEP_BYTES = 4 * 1024 * 1024

_SETTLED_S = 2.0
"""Clocks of file systems tick: bytes that were touched so lately could be touched again under the same stamp."""

_log = logging.getLogger(__name__)


class _State(NamedTuple):
    """What changes when a file is written to, or is another one."""

    device: int
    inode: int
    size_bytes: int
    modified_ns: int
    changed_ns: int


class LocalArtifacts:
    """A directory of immutable files named by their sha256: `<root>/ab/ab…`.

    A file appears under its name by one rename, complete and on disk; writing what is there already puts
    the same bytes in its place, which also mends a damaged copy. Safe for several processes at once.

    Attributes:
        root: The directory; made when it is not there.
    """

    def __init__(self, *, root: Path) -> None:
        self.root = root.absolute()
        self._incoming = self.root / "incoming"
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._incoming.mkdir(exist_ok=True)
        self._found: dict[str, tuple[_State, str]] = {}

    @property
    def place(self) -> ArtifactPlace:
        """Where it is."""
        return ArtifactPlace(root=self.root)

    def identity(self) -> str:
        """Return what tells it from every other directory; the first to ask settles it."""
        path = self.root / _IDENTITY
        if not path.exists():
            id_ = uuid4().hex
            written = self.root / f"{_IDENTITY}.{id_}"
            written.write_text(id_, encoding="ascii")
            with suppress(FileExistsError):  # another process was first
                os.link(written, path)
            written.unlink()
        return path.read_text(encoding="ascii")

    def put(self, content: bytes) -> str:
        """Keep the bytes and return their sha256; they survive a power cut from then on."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.incoming()
        try:
            path.write_bytes(content)
            self.adopt(path, sha256)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return sha256

    def adopt(self, path: Path, sha256: str) -> None:
        """Keep the file at `path`, whose hash the caller has computed, and remove it from there.

        Raises:
            ArtifactUnavailable: `sha256` is no hash.
            OSError: The file is not there, lies on another volume, or the disk is full.
        """
        target = self._place(sha256)
        with path.open("rb") as file:
            os.fsync(file.fileno())
        path.chmod(_READ_ONLY)
        os.utime(path)  # it is as old as this, whoever wrote the same bytes long ago
        target.parent.mkdir(exist_ok=True)
        path.replace(target)
        _persist_names(target.parent)
        # always, not only by whoever made the directory: a concurrent maker may not have come so far yet
        _persist_names(self.root)

    def incoming(self) -> Path:
        """Return a path for a file that is still being written; nothing lies there yet."""
        return self._incoming / uuid4().hex

    def check(self) -> None:
        """Demand that bytes could be kept now.

        Raises:
            OSError: The disk does not work, or is full.
        """
        path = self.incoming()
        try:
            path.write_bytes(_TRIAL)
        finally:
            path.unlink(missing_ok=True)

    def clear_incoming(self) -> None:
        """Remove what dead processes left half-written: nobody has written to it for an hour."""
        for path in self._incoming.iterdir():
            with suppress(FileNotFoundError):  # another process is at the same
                if time.time() - path.stat().st_mtime > _ABANDONED_S:
                    path.unlink()

    def path(self, sha256: str) -> Path:
        """Return where the bytes lie, as they are.

        Raises:
            ArtifactUnavailable: They are not there.
        """
        path = self._place(sha256)
        if not path.is_file():
            raise absent(sha256)
        return path

    def require(self, sha256: str) -> None:
        """Demand that there are such bytes, without looking at them.

        Raises:
            ArtifactUnavailable: They are not there.
        """
        self.path(sha256)

    def opening(self, sha256: str) -> Generator[None, None, BinaryIO]:
        """Return the open file, found to hold what the hash says; yield while it is read to that end.

        Bytes that rot on the disk after that are found by the next process.

        Raises:
            ArtifactUnavailable: They are not there, or not what the hash says.
        """
        file = self._file(sha256)
        try:
            actual = yield from self._hash_of(file, sha256)
            _require_equal(actual, sha256)
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return file

    def read(self, sha256: str) -> bytes:
        """Return the bytes, checked against their hash.

        Raises:
            ArtifactUnavailable: They are not there, or not what the hash says.
        """
        with self._file(sha256) as file:
            content = file.read()
        _require_equal(hashlib.sha256(content).hexdigest(), sha256)
        return content

    def _file(self, sha256: str) -> BinaryIO:
        """Return the file; tell whatever keeps it from being read as what is wrong with the artifact."""
        try:
            return self._place(sha256).open("rb")
        except FileNotFoundError:
            raise absent(sha256) from None
        except OSError as error:
            message = f"The bytes of {url_of(sha256)} cannot be read: {error.strerror}."
            raise ArtifactUnavailable(message, url=url_of(sha256)) from None

    def _hash_of(self, file: BinaryIO, sha256: str) -> Generator[None, None, str]:
        """Return the hash of what is in the file that lies under this one."""
        state = _state(file)
        known, actual = self._found.get(sha256, (None, ""))
        if state == known:
            return actual
        digest = hashlib.sha256()
        while piece := file.read(_STEP_BYTES):
            digest.update(piece)
            yield
        actual = digest.hexdigest()
        if actual != sha256:
            _log.error("the bytes of %s are damaged: their hash is %s", file.name, actual)
        if time.time() - state.changed_ns / 1e9 > _SETTLED_S:
            self._found[sha256] = state, actual
        return actual

    def _place(self, sha256: str) -> Path:
        return self.root / place_of(sha256)


def is_sha256(name: str) -> bool:
    """Tell whether an artifact could have the name."""
    return _SHA256.fullmatch(name) is not None


def place_of(sha256: str) -> str:
    """Return where an artifact lies in a store.

    Raises:
        ArtifactUnavailable: It is no hash.
    """
    if not is_sha256(sha256):
        message = f"{sha256!r} is no sha256 in lower-case hexadecimal."
        raise ArtifactUnavailable(message)
    return f"{sha256[:2]}/{sha256}"


def _state(file: BinaryIO) -> _State:
    found = os.fstat(file.fileno())
    return _State(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _require_equal(actual: str, sha256: str) -> None:
    if actual != sha256:
        raise damaged(sha256, found=actual)


def _persist_names(directory: Path) -> None:
    if os.name == "nt":
        return  # Windows opens no directories; its renames are journalled
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
