"""Artifacts as open files whose bytes are what their hash says."""

import asyncio
import hashlib
import logging
import os
from typing import BinaryIO, NamedTuple
from weakref import WeakValueDictionary

from application.ports.artifacts import ArtifactStore, damaged
from interfaces.http.threads import Threads

_STEP_BYTES = 4 * 1024 * 1024
_CHECKED_AT_ONCE = 2

_log = logging.getLogger(__name__)


class CheckedFiles:
    """Opens artifacts for those who send them, each read to its end once before the first byte of it is sent.

    Neither can a part of a file be held against the hash of the whole, nor a byte be taken back that was sent: so
    the check goes before everything, and a damaged file is an error with a status of its own, whatever part of it
    is asked for. What was found is remembered for as long as it is the same file and nobody writes to it, by its
    inode, size and times, so that readers of many small parts do not wait. Bytes that rot on the disk after the
    check are found by the next process, and by whoever holds what came against the ETag. What is sent is the file
    that was checked, whatever is put in its place meanwhile.

    Args:
        artifacts: Where they are.
    """

    def __init__(self, *, artifacts: ArtifactStore) -> None:
        self._artifacts = artifacts
        self._threads = Threads(_CHECKED_AT_ONCE)
        self._found: dict[str, _Found] = {}
        self._checking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def open(self, sha256: str) -> BinaryIO:
        """Return the file, to be closed by the caller.

        Raises:
            ArtifactUnavailable: It is not there, or its bytes are others.
            ServiceBusy: Others are being checked, and there was no turn in the time.
        """
        file = await self._threads.run(lambda: self._artifacts.path(sha256).open("rb"))
        try:
            async with self._checking.setdefault(sha256, asyncio.Lock()):
                found = self._found.get(sha256)
                if found is None or found.state != _state(file):
                    found = self._found[sha256] = await self._look(file)
                    if found.sha256 != sha256:
                        _log.error("the bytes of %s are damaged: their hash is %s", file.name, found.sha256)
            if found.sha256 != sha256:
                raise damaged(sha256, found=found.sha256)
        except BaseException:
            file.close()
            raise
        return file

    async def _look(self, file: BinaryIO) -> "_Found":
        """Return what is in a file, read in steps that others get their turns between."""
        state, digest = _state(file), hashlib.sha256()

        def step() -> bool:
            piece = file.read(_STEP_BYTES)
            digest.update(piece)
            return bool(piece)

        while await self._threads.run(step):
            pass
        return _Found(state, digest.hexdigest())


class _State(NamedTuple):
    """What changes when a file is written to, or is another one."""

    device: int
    inode: int
    size_bytes: int
    modified_ns: int
    changed_ns: int


class _Found(NamedTuple):
    """What a file in a state was found to hold."""

    state: _State
    sha256: str


def _state(file: BinaryIO) -> _State:
    found = os.fstat(file.fileno())
    return _State(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
