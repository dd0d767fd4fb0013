"""Time, from outside: decisions are given instants, they never look at a clock."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Two clocks: one that people agree on, one that never steps."""

    def now(self) -> datetime:
        """Return the instant in UTC. It may step; order nothing by it."""

    def monotonic(self) -> float:
        """Return seconds since some moment of this process. It never steps; measure durations by it."""
