"""Artifacts in a dictionary."""

import hashlib
import io
from collections.abc import Generator
from itertools import count
from pathlib import Path
from typing import BinaryIO

from application.ports.artifacts import ArtifactUnavailable, url_of


class InMemoryArtifacts:
    """Bytes by their hash; only what needs a local file touches the directory, if one is given."""

    def __init__(self, *, directory: Path | None = None) -> None:
        self._directory = directory
        self._contents: dict[str, bytes] = {}
        self._numbers = count()

    def put(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        self._contents[sha256] = content
        return sha256

    def adopt(self, path: Path, sha256: str) -> None:
        self._contents[sha256] = path.read_bytes()
        path.unlink()

    def incoming(self) -> Path:
        return self._local() / f"incoming-{next(self._numbers)}"

    def check(self) -> None:
        pass

    def require(self, sha256: str) -> None:
        self._content(sha256)

    def opening(self, sha256: str) -> Generator[None, None, BinaryIO]:
        yield
        return io.BytesIO(self.read(sha256))

    def read(self, sha256: str) -> bytes:
        content = self._content(sha256)
        if hashlib.sha256(content).hexdigest() != sha256:
            message = f"The bytes of {url_of(sha256)} are damaged."
            raise ArtifactUnavailable(message)
        return content

    def _local(self) -> Path:
        assert self._directory is not None, "this store was made without a directory for local files"
        return self._directory

    def _content(self, sha256: str) -> bytes:
        if sha256 not in self._contents:
            message = f"There are no bytes under {url_of(sha256)}."
            raise ArtifactUnavailable(message)
        return self._contents[sha256]
