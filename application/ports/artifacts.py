"""Immutable bytes, addressed by their hash."""

import re
from pathlib import Path
from typing import Protocol

from domain.errors import DomainError

SCHEME = "artifact:"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class ArtifactUnavailable(DomainError):
    """The bytes are not there, or are not what their hash says."""

    code = "artifact.unavailable"


def url_of(sha256: str) -> str:
    """Return the URL under which events and documents name the bytes of this hash."""
    return f"{SCHEME}{sha256}"


def is_artifact_url(url: str) -> bool:
    """Tell whether a URL is meant to be an artifact's of this service, and not of something elsewhere."""
    return url.startswith(SCHEME)


def sha256_of(url: str) -> str:
    """Return the hash that an artifact's URL names.

    Raises:
        ArtifactUnavailable: The URL is no artifact's.
    """
    sha256 = url.removeprefix(SCHEME)
    if sha256 == url or not _SHA256.fullmatch(sha256):
        message = f"{url!r} names no artifact of this service."
        raise ArtifactUnavailable(message, url=url)
    return sha256


def damaged(sha256: str, *, found: str) -> ArtifactUnavailable:
    """Return the error that tells of bytes that are not what their hash says.

    Args:
        sha256: Under which they are kept.
        found: Their hash.
    """
    message = f"The stored bytes of {url_of(sha256)} are damaged: their hash is {found}."
    return ArtifactUnavailable(message, url=url_of(sha256))


class ArtifactStore(Protocol):
    """Bytes that never change: kept under their sha256 (lower-case hexadecimal), written once."""

    def put(self, content: bytes) -> str:
        """Keep the bytes and return their sha256; they survive a power cut from then on."""

    def adopt(self, path: Path, sha256: str) -> None:
        """Keep the file at `path`, whose hash the caller has computed, and remove it from there.

        The file must lie on the store's own volume (see `incoming`), so that this is one rename.
        """

    def incoming(self) -> Path:
        """Return a path for a file that is still being written; nothing lies there yet.

        Whatever is left there by a process that died is removed at the next start.
        """

    def path(self, sha256: str) -> Path:
        """Return where the bytes lie as a local file, not checked against their hash.

        Raises:
            ArtifactUnavailable: They are not there.
        """

    def read(self, sha256: str) -> bytes:
        """Return the bytes, checked against their hash.

        Raises:
            ArtifactUnavailable: They are not there, or not what the hash says.
        """

    def verify(self, sha256: str) -> None:
        """Demand that `read` would return the bytes; those that lie untouched since the last time are not read.

        Raises:
            ArtifactUnavailable: They are not there, or not what the hash says.
        """
