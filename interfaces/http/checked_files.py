"""Artifacts as open files whose bytes are what their hash says."""

import asyncio
from typing import BinaryIO
from weakref import WeakValueDictionary

from application.ports.artifacts import ArtifactStore
from interfaces.http.threads import Threads

_CHECKED_AT_ONCE = 2


class CheckedFiles:
    """Opens artifacts for those who send them, each read to its end once before the first byte of it is sent.

    Neither can a part of a file be held against the hash of the whole, nor a byte be taken back that was sent: so
    the check goes before everything, and a damaged file is an error with a status of its own, whatever part of it
    is asked for. The store remembers what it found, so that readers of many small parts do not wait. What is sent
    is the file that was checked, whatever is put in its place meanwhile.

    Args:
        artifacts: Where they are.
    """

    def __init__(self, *, artifacts: ArtifactStore) -> None:
        self._artifacts = artifacts
        self._threads = Threads(_CHECKED_AT_ONCE)
        self._opening: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def open(self, sha256: str) -> BinaryIO:
        """Return the file, to be closed by the caller.

        Raises:
            ArtifactUnavailable: It is not there, or its bytes are others.
            ServiceBusy: Others are being checked, and there was no turn in the time.
        """
        opening = self._artifacts.opening(sha256)

        def step() -> BinaryIO | None:
            try:
                return next(opening)
            except StopIteration as at_end:  # which no future may carry
                file: BinaryIO = at_end.value
                return file

        async with self._opening.setdefault(sha256, asyncio.Lock()):
            try:
                while (file := await self._threads.run(step)) is None:
                    pass  # others get their turns between steps
            finally:
                opening.close()
        return file
