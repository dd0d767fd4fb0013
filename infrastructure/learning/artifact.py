"""What a trained version is on disk: a manifest in canonical JSON, and the parts that it names beside it.

All are data; nothing in them is executed. Parts are kept on their own, so that two trainings can be held
against each other by their hashes.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from application.ports.artifacts import ArtifactStore, ArtifactUnavailable, sha256_of, url_of
from infrastructure.learning.manifest import Manifest, Part

MANIFEST_MAX_BYTES = 256 * 1024 * 1024

Parts = Mapping[str, bytes]
"""Name → bytes."""


def part_of(content: bytes, *, shape: tuple[int, ...] | None = None) -> Part:
    """Return what a manifest says of bytes."""
    return Part(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content), shape=shape)


def canonical_json(document: Any) -> bytes:
    """Return the one spelling of a document: keys sorted, no spaces, ASCII, finite numbers."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.encode("ascii")


def keep(store: ArtifactStore, manifest: Manifest, parts: Parts) -> str:
    """Keep a trained version and return its URL; all of it is on disk then.

    Raises:
        ValueError: The manifest speaks of other parts.
    """
    if {name: store.put(content) for name, content in parts.items()} != {
        name: part.sha256 for name, part in manifest.parts.items()
    }:
        msg = "the manifest names other parts than those given"
        raise ValueError(msg)
    return url_of(store.put(canonical_json(manifest.model_dump(mode="json"))))


def load(store: ArtifactStore, artifact_url: str) -> tuple[Manifest, Parts]:
    """Return the manifest and the parts of a version, verified by their hashes.

    Raises:
        ArtifactUnavailable: One of them is not there, damaged, or no such thing.
    """
    manifest = load_manifest(store, artifact_url)
    parts = {}
    for name, part in manifest.parts.items():
        content = parts[name] = store.read(part.sha256)
        if len(content) != part.size_bytes:
            reason = f"its part {name!r} has {len(content)} bytes where it says {part.size_bytes}"
            raise unreadable(artifact_url, reason)
    return manifest, parts


def load_manifest(store: ArtifactStore, artifact_url: str) -> Manifest:
    """Return the manifest of a version, verified by its hash.

    Raises:
        ArtifactUnavailable: It is not there, damaged, or no such thing.
    """
    content = store.read(sha256_of(artifact_url))
    try:
        if len(content) > MANIFEST_MAX_BYTES:
            msg = f"it is larger than {MANIFEST_MAX_BYTES} bytes"
            raise ValueError(msg)
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(each) for each in first["loc"])
        raise unreadable(artifact_url, f"{where}: {first['msg']}" if where else first["msg"]) from None
    except ValueError as error:
        raise unreadable(artifact_url, str(error)) from None


def unreadable(artifact_url: str, reason: str) -> ArtifactUnavailable:
    """Return the error that says why an artifact cannot predict."""
    return ArtifactUnavailable(f"{artifact_url} holds no model that can be loaded: {reason}", url=artifact_url)
