"""How late those are who follow the log: a long backlog that moves on is no trouble, a short one that waits is."""

from collections.abc import Iterator

from application.ports.clock import Clock
from application.ports.event_log import EventLog

LATE_S = 30.0
"""An event that has waited for so long is late: to whoever is well, thousands take seconds."""


def lag_of(log: EventLog, *, lag: int | None, after: int | None, clock: Clock) -> float | None:
    """Return for how long the first event has been waiting that a follower is yet to handle, in seconds.

    Args:
        log: Which is followed.
        lag: So many events wait; None where nobody knows.
        after: The position that the follower has reached; None where nobody knows.
        clock: By which events have their timestamps.

    Returns:
        0.0 where none waits; None where nobody knows.
    """
    if lag is None or after is None:
        return None
    waiting = log.read(after=after, limit=1) if lag else ()
    return max((0.0, *((clock.now() - each.event.provenance.timestamp).total_seconds() for each in waiting)))


def lateness(*, lag: int | None, lag_s: float | None) -> Iterator[str]:
    """Yield in words that a follower is late, where it is.

    Args:
        lag: So many events wait for it.
        lag_s: For how long the first of them does, in seconds.
    """
    if lag_s is not None and lag_s > LATE_S:
        yield f"{lag} behind: an event has been waiting for {lag_s:.0f} s"
