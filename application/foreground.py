"""Whether somebody waits for an answer, so that what can wait makes room."""

from application.ports.clock import Clock

LASTS_S = 0.1
"""For so long after a request came, or was answered, the next one is expected."""


class Foreground:
    """Knows when this process was last asked something. Safe to use from any thread.

    Args:
        clock: Measures how long ago that was.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._asked_at: float | None = None

    def note(self) -> None:
        """Take note that a request has come, or was answered, just now."""
        self._asked_at = self._clock.monotonic()

    def is_busy(self) -> bool:
        """Return whether somebody may be waiting for an answer."""
        asked_at = self._asked_at
        return asked_at is not None and self._clock.monotonic() - asked_at < LASTS_S
