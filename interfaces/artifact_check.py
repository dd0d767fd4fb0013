"""A look at the artifact store when a process starts: a mistyped bucket is not to be met first by who needs it."""

import logging
from threading import Thread

from application.ports.artifacts import ArtifactUnavailable
from infrastructure.artifacts.place import PlacedArtifacts

ANSWERS_ARE_FEW = "uploads are refused, and only models with a copy here answer."
"""What the want of a store means where requests are answered."""

_log = logging.getLogger(__name__)


def warn_unless_kept(artifacts: PlacedArtifacts, *, meanwhile: str) -> None:
    """Have it said in the log if nothing can be kept in a store that is elsewhere, as soon as that is known.

    The start does not wait for it, and goes on whatever is found: what has a copy here can be used without.

    Args:
        artifacts: The store.
        meanwhile: What its want means to whoever runs the process.
    """
    if artifacts.place.url is None:
        return  # a directory was made, or the start has failed

    def look() -> None:
        try:
            artifacts.check()
        except ArtifactUnavailable as error:
            _log.warning("%s. Until it can, %s", error.message.rstrip("."), meanwhile)

    # a daemon, because the store may never answer, and the process is to end all the same
    Thread(target=look, name="artifact-check", daemon=True).start()
