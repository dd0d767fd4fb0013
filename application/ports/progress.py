"""How far this process's read models are."""

from datetime import datetime
from typing import Protocol

from domain.kernel import Immutable


class ProgressStatus(Immutable):
    """How far the read models are, and what keeps them.

    Attributes:
        is_running: Somebody moves them on.
        position: Of the last event applied, as this process knows it.
        head: Of the newest event there is; None while the log cannot be read.
        lag: How many positions are yet to apply; None while the log cannot be read.
        unknown_events: How many events this run has passed over because this program cannot read them.
        error: Why nothing moves; None while all is well.
        failing_since: When that began.
    """

    is_running: bool
    position: int
    head: int | None
    lag: int | None
    unknown_events: int
    error: str | None
    failing_since: datetime | None


class ReadModelProgress(Protocol):
    """Follows the log and tells how far it is."""

    @property
    def status(self) -> ProgressStatus:
        """How the read models fare now."""

    async def wait_until(self, position: int, timeout_s: float) -> bool:
        """Wait until the read models, and all that listens to them, have reached the position.

        Returns:
            Whether they have, in the time.
        """
