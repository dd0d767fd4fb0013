"""Progress worth keeping: events are for ever, so few are made of it."""

from collections.abc import Callable

from application.ports.clock import Clock

PROGRESS_STEP_PERCENT = 5
"""Progress is recorded once per step at most: 20 events a job."""
PROGRESS_INTERVAL_S = 0.5


class Steps:
    """Tells when progress is due to be recorded."""

    def __init__(self, clock: Clock) -> None:
        self._monotonic: Callable[[], float] = clock.monotonic
        self._recorded_percent = 0
        self._recorded_at = self._monotonic()

    def is_due(self, percent: int) -> bool:
        """Tell whether so much is a step further than what was recorded last, and that a while ago."""
        is_time = self._monotonic() - self._recorded_at >= PROGRESS_INTERVAL_S
        return is_time and percent >= self._recorded_percent + PROGRESS_STEP_PERCENT

    def recorded(self, percent: int) -> None:
        """Take note that it was recorded."""
        self._recorded_percent = percent
        self._recorded_at = self._monotonic()
