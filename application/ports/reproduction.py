"""Two trainings of one plan, held against each other."""

from collections.abc import Callable
from typing import Protocol

from domain.models.values import Reproduction

VersionHere = Callable[[str], str | None]
"""Returns the version here of what a training's environment names; None where there is no such library."""


class Compare(Protocol):
    """Tells whether two artifacts predict by the very same bytes."""

    def __call__(self, expected: str, actual: str) -> Reproduction:
        """Return what differs between the artifacts with these URLs.

        Raises:
            ArtifactUnavailable: One of them differs and cannot be read.
        """
