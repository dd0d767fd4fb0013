"""Time as the operating system tells it."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The clocks of this machine."""

    def now(self) -> datetime:
        """Return the instant in UTC. It may step; order nothing by it."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since some moment of this process. It never steps; measure durations by it."""
        return time.monotonic()
