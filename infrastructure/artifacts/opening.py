"""The artifact store of a place."""

from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.artifacts.place import ArtifactPlace


def artifacts_at(place: ArtifactPlace) -> LocalArtifacts:
    """Return the store that is there."""
    return LocalArtifacts(root=place.root)
