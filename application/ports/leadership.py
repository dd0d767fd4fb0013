"""Which of several processes does what only one of them may."""

from typing import Protocol


class Leadership(Protocol):
    """A lease that at most one process holds. Whoever loses its process or its connection loses the lease,
    without a word: what the holder does has to be harmless when another one does it, too, for a moment.
    """

    def is_held(self) -> bool:
        """Return whether this process leads; when nobody does, this one tries to.

        Returns at once or soon, and never raises: where it cannot be told, this process does not lead.
        """
