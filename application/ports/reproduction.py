"""Two trainings of one plan, held against each other."""

from typing import Protocol

from domain.models.values import Reproduction


class Compare(Protocol):
    """Tells whether two artifacts predict by the very same bytes."""

    def __call__(self, expected: str, actual: str) -> Reproduction:
        """Return what differs between the artifacts with these URLs.

        Raises:
            ArtifactUnavailable: One of them differs and cannot be read.
        """
