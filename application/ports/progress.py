"""How far this process's read models are."""

from datetime import datetime
from typing import Protocol

from domain.kernel import Immutable


class ProgressStatus(Immutable):
    """How the projection of the log fares.

    Attributes:
        position: Of the last event applied.
        lag: Events stored but not applied yet.
        error: What stops it at this moment; None while it goes on.
        failing_since: When it began to be stopped; None while it goes on.
        unknown_events: How many events it passed over because this program cannot read them.
    """

    position: int
    lag: int
    error: str | None
    failing_since: datetime | None
    unknown_events: int


class ReadModelProgress(Protocol):
    """Follows the log and tells how far it is."""

    def status(self) -> ProgressStatus:
        """Return how the projection fares now."""

    async def wait_until(self, position: int, timeout_s: float) -> bool:
        """Wait until the read models, and all that listens to them, have reached the position.

        Returns:
            Whether they have, in the time.
        """
