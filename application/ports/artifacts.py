"""Immutable bytes, addressed by their hash."""

import re
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO, Protocol

from domain.errors import DomainError

SCHEME = "artifact:"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class ArtifactUnavailable(DomainError):
    """The bytes are not there, or are not what their hash says."""

    code = "artifact.unavailable"


class ArtifactDamaged(ArtifactUnavailable):
    """The bytes are not what their hash says."""


class ArtifactStoreUnreachable(ArtifactUnavailable):
    """The store cannot be asked now, or not be written to; what it has is as safe as before."""

    code = "artifact.store-unreachable"


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


def absent(sha256: str) -> ArtifactUnavailable:
    """Return the error that tells that there are no bytes of this hash."""
    return ArtifactUnavailable(f"There are no bytes under {url_of(sha256)}.", url=url_of(sha256))


def damaged(sha256: str, *, found: str) -> ArtifactDamaged:
    """Return the error that tells of bytes that are not what their hash says.

    Args:
        sha256: Under which they are kept.
        found: Their hash.
    """
    message = f"The stored bytes of {url_of(sha256)} are damaged: their hash is {found}."
    return ArtifactDamaged(message, url=url_of(sha256))


class ArtifactStore(Protocol):
    """Bytes that never change: kept under their sha256 (lower-case hexadecimal), written once."""

    def put(self, content: bytes) -> str:
        """Keep the bytes and return their sha256; they survive a power cut from then on.

        Raises:
            ArtifactStoreUnreachable: They are not kept.
        """

    def adopt(self, path: Path, sha256: str) -> None:
        """Keep the file at `path`, whose hash the caller has computed, and remove it from there.

        The file must lie where `incoming` says, so that it is one rename for what is kept on this machine.

        Raises:
            ArtifactStoreUnreachable: It is not kept; the file is left as it was.
        """

    def incoming(self) -> Path:
        """Return a path for a file that is still being written; nothing lies there yet.

        Whatever is left there by a process that died is removed at the next start.
        """

    def check(self) -> None:
        """Demand that bytes could be kept now, by keeping some that are no artifact and removing them again.

        Raises:
            ArtifactStoreUnreachable: They could not.
            OSError: The disk does not work, or is full.
        """

    def require(self, sha256: str) -> None:
        """Demand that there are such bytes, without looking at them.

        Raises:
            ArtifactUnavailable: They are not there.
        """

    def opening(self, sha256: str) -> Generator[None, None, BinaryIO]:
        """Return the bytes as a file of this machine, to be closed by the caller, found to be what the hash says.

        It yields again and again while it reads, so that others get their turns; `opened` goes through at once.
        What was found is remembered for as long as it is the same file and nobody writes to it. Whatever happens
        to the store meanwhile, what is open stays as it is, and lies at the file's `name` until it is closed.

        Raises:
            ArtifactUnavailable: They are not there, or not what the hash says.
        """

    def read(self, sha256: str) -> bytes:
        """Return the bytes, checked against their hash.

        Raises:
            ArtifactUnavailable: They are not there, or not what the hash says.
        """


def opened(artifacts: ArtifactStore, sha256: str) -> BinaryIO:
    """Return the bytes as a file of this machine, as `ArtifactStore.opening` does, however long that takes.

    Raises:
        ArtifactUnavailable: They are not there, or not what the hash says.
    """
    opening = artifacts.opening(sha256)
    while True:
        try:
            next(opening)
        except StopIteration as at_end:
            file: BinaryIO = at_end.value
            return file
