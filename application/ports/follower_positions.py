"""How far those are that follow the log and tell others of it."""

from typing import Protocol


class FollowerPositions(Protocol):
    """What each follower of the log notes for its next beginning. It may be lost, or be behind what was done:
    whoever relies on it can also do without."""

    def get(self, name: str) -> int | None:
        """Return the position that the follower noted last; None when there is none."""

    def set(self, name: str, position: int) -> None:
        """Note the position."""

    def notes(self, name: str) -> str | None:
        """Return what else the follower noted, as it wrote it; None when there is nothing."""

    def note(self, name: str, notes: str | None) -> None:
        """Note this in place of what else was noted; the position stays."""
