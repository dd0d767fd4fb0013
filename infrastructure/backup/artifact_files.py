"""Artifacts from a store to a directory, each checked against its name on the way."""

import os
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from infrastructure.artifacts.local import place_of
from infrastructure.artifacts.sources import ArtifactSource
from infrastructure.backup.manifest import persist_names

_READ_ONLY = 0o444
# A manifest of a trained version is JSON, and names its other parts by their hashes.
_NAMED = re.compile(rb'"sha256":"([0-9a-f]{64})"')
_OVERLAP_BYTES = 100


class ArtifactDamaged(Exception):
    """The file's bytes are not those that its name says."""


@dataclass(frozen=True, kw_only=True)
class Copied:
    """An artifact that was copied, or only read.

    Attributes:
        names: Of other artifacts that it names, as far as it is a document that names any.
    """

    size_bytes: int
    names: frozenset[str]


def copy(name: str, *, source: ArtifactSource, target: Path | None) -> Copied:
    """Copy an artifact, or only read it where there is no target.

    The copy has bytes of its own and is on disk when this returns, under its name only when it is complete.

    Raises:
        ArtifactUnavailable: It is not there.
        ArtifactDamaged: Its bytes are others than its name says.
        OSError: It cannot be read, or not be written.
    """
    if target is None:
        return _read(name, source=source, into=None)
    place = target / place_of(name)
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_name(f"{name}.new")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            copied = _read(name, source=source, into=descriptor)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        new.chmod(_READ_ONLY)
        new.replace(place)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    return copied


def persist_all(root: Path) -> None:
    """Have the names of all copies survive a power cut."""
    if root.is_dir():
        for directory in [*root.iterdir(), root, root.parent]:
            if directory.is_dir():
                persist_names(directory)


def _read(name: str, *, source: ArtifactSource, into: int | None) -> Copied:
    digest, size, found = sha256(), 0, set[bytes]()
    is_document, before = False, b""
    for chunk in source.pieces(name):
        is_document = is_document or (size == 0 and chunk.startswith(b"{"))
        if is_document:
            found.update(_NAMED.findall(before + chunk))
            before = chunk[-_OVERLAP_BYTES:]
        digest.update(chunk)
        size += len(chunk)
        if into is not None:
            _write_all(into, chunk)
    if digest.hexdigest() != name:
        msg = f"its bytes have the hash {digest.hexdigest()}"
        raise ArtifactDamaged(msg)
    return Copied(size_bytes=size, names=frozenset(each.decode() for each in found))


def _write_all(descriptor: int, content: bytes) -> None:
    done = 0
    while done < len(content):
        done += os.write(descriptor, content[done:])
