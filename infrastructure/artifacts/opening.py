"""The artifact store of a place."""

from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.artifacts.place import ArtifactPlace, PlacedArtifacts


def artifacts_at(place: ArtifactPlace) -> PlacedArtifacts:
    """Return the store that is there.

    Raises:
        RemotePlaceInvalid: Its URL is none that this installation can read.
    """
    if place.url is None:
        return LocalArtifacts(root=place.root)
    # imported here, because most have their artifacts in a directory, and start without it
    from infrastructure.artifacts.remote import RemoteArtifacts  # noqa: PLC0415 - see above

    return RemoteArtifacts(place)
