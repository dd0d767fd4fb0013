"""Artifacts in a store that is elsewhere, with copies of those that are used here."""

import errno
import hashlib
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

from application.ports.artifacts import ArtifactStoreUnreachable, absent, damaged, opened, url_of
from infrastructure.artifacts.cache import ArtifactCache
from infrastructure.artifacts.local import place_of
from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.artifacts.remote_files import RemoteFiles

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class RemoteArtifacts:
    """Objects named by their sha256, and a directory of this machine with copies of some.

    An object appears under its name complete, or not at all where the store keeps such a promise: what comes from
    there is held against its hash on the way in, and only then kept. Safe for several processes, threads and
    machines at once, which may share the directory.

    Args:
        place: Where it is.

    Raises:
        RemotePlaceInvalid: The URL is none that this installation can read.
    """

    def __init__(self, place: ArtifactPlace) -> None:
        assert place.url is not None, "what has no URL is a directory"
        self._place = place
        self._files = RemoteFiles(place.url)
        self._cache = ArtifactCache(root=place.root, max_bytes=place.cache_bytes)

    @property
    def place(self) -> ArtifactPlace:
        """Where it is."""
        return self._place

    def identity(self) -> str:
        """Return what tells it from every other store; the first to ask settles it.

        Raises:
            ArtifactStoreUnreachable: It cannot be asked.
        """
        return self._files.identity()

    def put(self, content: bytes) -> str:
        """Keep the bytes and return their sha256.

        Raises:
            ArtifactStoreUnreachable: They are not kept.
            OSError: The disk of this machine is full.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.incoming()
        try:
            path.write_bytes(content)
            self.adopt(path, sha256)
        finally:
            path.unlink(missing_ok=True)
        return sha256

    def adopt(self, path: Path, sha256: str) -> None:
        """Keep the file at `path`, whose hash the caller has computed, and remove it from there.

        Raises:
            ArtifactUnavailable: `sha256` is no hash.
            ArtifactStoreUnreachable: It is not kept; the file is left as it was.
            OSError: The file is not there.
        """
        path.stat()  # what is wrong with the file is not wrong with the store
        self._files.send(path, sha256)
        self._cache.adopt(path, sha256)

    def incoming(self) -> Path:
        """Return a path for a file that is still being written; nothing lies there yet."""
        return self._cache.incoming()

    def clear_incoming(self) -> None:
        """Remove what dead processes left half-written on this machine."""
        self._cache.clear_incoming()

    def check(self) -> None:
        """Demand that bytes could be kept now.

        Raises:
            ArtifactStoreUnreachable: They could not.
        """
        self._files.check()

    def require(self, sha256: str) -> None:
        """Demand that there are such bytes, without looking at them.

        Raises:
            ArtifactUnavailable: They are not there.
            ArtifactStoreUnreachable: Nobody knows.
        """
        if not self._files.has(place_of(sha256)):
            raise absent(sha256)

    def opening(self, sha256: str) -> Generator[None, None, BinaryIO]:
        """Return the bytes as a file of this machine, found to be what the hash says; yield while they come.

        Raises:
            ArtifactUnavailable: They are not there, or not what the hash says.
            ArtifactStoreUnreachable: There is no copy here, and no room for one, or the store cannot be asked.
        """
        file = yield from self._cache.opening(sha256)
        if file is not None:
            return file
        try:
            return (yield from self._fetching(sha256))
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
        self._cache.make_room()
        try:
            return (yield from self._fetching(sha256))
        except OSError as error:
            message = (
                f"There is no room here for a copy of {url_of(sha256)} ({error.strerror}): free some on the disk "
                f"of {self._place.root}, or let less lie there by ML_SERVICE_ARTIFACTS_CACHE_BYTES."
            )
            raise ArtifactStoreUnreachable(message) from error

    def read(self, sha256: str) -> bytes:
        """Return the bytes, checked against their hash.

        Raises:
            ArtifactUnavailable: They are not there, or not what the hash says.
            ArtifactStoreUnreachable: There is no copy here, and the store cannot be asked.
        """
        with opened(self, sha256) as file:
            content = file.read()
        _require_equal(hashlib.sha256(content).hexdigest(), sha256)
        return content

    def _fetching(self, sha256: str) -> Generator[None, None, BinaryIO]:
        digest, path = hashlib.sha256(), self._cache.incoming()
        try:
            with path.open("xb") as file:
                for piece in self._files.pieces(sha256):
                    digest.update(piece)
                    file.write(piece)
                    yield
            _require_equal(digest.hexdigest(), sha256)
            return self._cache.keep(path, sha256)
        finally:
            path.unlink(missing_ok=True)


def _require_equal(actual: str, sha256: str) -> None:
    if actual != sha256:
        raise damaged(sha256, found=actual)
