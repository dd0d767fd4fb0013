"""A file that is being sent: written as it comes, in constant memory, gone unless somebody keeps it."""

import errno
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import anyio.to_thread

from interfaces.http.problems import StorageUnavailable, TooLarge

_WRITE_BYTES = 1024 * 1024
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

_log = logging.getLogger(__name__)


class Incoming:
    """Bytes on their way to a file. The sender waits while they are written, so none pile up.

    Leaving the context removes the file, if it is still at its path: whoever keeps it moves it away.

    Args:
        path: Of the file; None only counts and hashes, for what was kept before.
        max_bytes: So many are taken.
    """

    def __init__(self, *, path: Path | None, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._size_bytes = 0
        self._buffer = bytearray()
        self._sha256 = sha256()
        self._file: BinaryIO | None = None

    async def __aenter__(self) -> Self:
        with storage_errors():
            self._open()  # in no thread: one that goes on after a cancellation would make the file too late
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await anyio.to_thread.run_sync(self._discard)
        finally:
            self._discard()  # once more, where it is certain: the server's end cancels whatever waits

    @property
    def path(self) -> Path:
        """Where the file is."""
        assert self._path is not None, "only counted and hashed"
        return self._path

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            TooLarge: They are too many.
            StorageUnavailable: They cannot be kept.
        """
        self._size_bytes += len(chunk)
        if self._size_bytes > self._max_bytes:
            raise TooLarge(max_bytes=self._max_bytes)
        self._buffer += chunk
        if len(self._buffer) >= _WRITE_BYTES:
            await self._flush()

    async def complete(self) -> bytes:
        """Return the sha256 of all bytes, now that they are in the file.

        Raises:
            StorageUnavailable: They cannot be kept.
        """
        await self._flush()
        await _blocking(self._persist)
        return self._sha256.digest()

    async def _flush(self) -> None:
        content, self._buffer = bytes(self._buffer), bytearray()
        await _blocking(lambda: self._keep(content))

    def _open(self) -> None:
        if self._path is not None:
            self._file = self._path.open("xb")

    def _keep(self, content: bytes) -> None:
        self._sha256.update(content)
        if self._file is not None:
            self._file.write(content)

    def _persist(self) -> None:
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())  # here, where only this sender waits for it
            self._file.close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _discard(self) -> None:
        try:
            self._close()
        except OSError:
            pass  # a full disk: what could not be flushed is removed now
        finally:
            if self._path is not None:
                self._path.unlink(missing_ok=True)


@contextmanager
def storage_errors() -> Iterator[None]:
    """Tell of a disk that fails as what it means for the sender.

    Raises:
        StorageUnavailable: It is full, or cannot be written.
    """
    try:
        yield
    except OSError as error:
        is_full = error.errno in _FULL
        if not is_full:
            _log.error("what is sent cannot be written: %s", error)
        raise StorageUnavailable(is_full=is_full) from error


async def _blocking(work: Callable[[], None]) -> None:
    with storage_errors():
        await anyio.to_thread.run_sync(work)
