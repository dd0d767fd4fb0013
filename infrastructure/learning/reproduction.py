"""What differs between what two trainings gave, by their manifests."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from application.ports.artifacts import ArtifactStore, sha256_of
from domain.models.values import Difference, Reproduction
from infrastructure.learning.artifact import canonical_json, load_manifest
from infrastructure.learning.manifest import Manifest

DIFFERENCES_MAX = 100
_SHOWN_MAX_CHARS = 200
_PREDICTED_BY = frozenset({"parts", "settings", "features", "labels"})
"""What predictions are made of. Versions of libraries, and what these were told, are how it came about."""


def compare(store: ArtifactStore, expected: str, actual: str) -> Reproduction:
    """Return whether two artifacts predict by the very same bytes and settings, and all that differs.

    Args:
        store: Holds them.
        expected: The URL of the first.
        actual: The URL of the one that came out when it was trained again.

    Raises:
        ArtifactUnavailable: The URLs differ, and one of the artifacts cannot be read.
    """
    if expected == actual:
        return Reproduction(reproduced=True, differences=())
    before, now = (_told(load_manifest(store, url)) for url in (expected, actual))
    found = list(_differences(before, now))
    own = Difference(what="manifest", expected=sha256_of(expected), actual=sha256_of(actual))
    return Reproduction(
        reproduced=not any(each.what.partition(".")[0] in _PREDICTED_BY for each in found),
        differences=(*found[:DIFFERENCES_MAX], own),
    )


def _told(manifest: Manifest) -> dict[str, Any]:
    """Return name → what is compared: of parts their hashes, of features each by its place."""
    told = manifest.model_dump(mode="json")
    told["parts"] = {name: part["sha256"] for name, part in told["parts"].items()}
    told["features"] = dict(enumerate(told["features"]))
    return told


def _differences(before: Mapping[Any, Any], now: Mapping[Any, Any], path: str = "") -> Iterator[Difference]:
    for name in sorted({*before, *now}):
        what = f"{path}{name}"
        was, came = before.get(name), now.get(name)
        if isinstance(was, dict) and isinstance(came, dict) and not path:
            yield from _differences(was, came, f"{what}.")
        elif was != came or (name in before) != (name in now):
            yield Difference(
                what=what,
                expected=_shown(was) if name in before else None,
                actual=_shown(came) if name in now else None,
            )


def _shown(value: Any) -> str:
    """Return the value as JSON, text as it is; of a long one, its hash."""
    text = value if isinstance(value, str) else canonical_json(value).decode()
    if len(text) <= _SHOWN_MAX_CHARS:
        return text
    return f"sha256 {hashlib.sha256(text.encode()).hexdigest()}"
