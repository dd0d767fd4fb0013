"""Instants of events against their positions: only those count that are later than all before."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

BEFORE_ALL = -(2**63)
"""Earlier than every instant."""

_EPOCH = datetime.fromtimestamp(0, tz=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Rise(NamedTuple):
    """An event that is later than all events before it.

    Attributes:
        position: Of the event.
        before: The position of the event before it.
        instant: Its timestamp in microseconds since 1970.
    """

    position: int
    before: int
    instant: int


def microseconds(instant: datetime) -> int:
    """Return the microseconds since 1970, exactly; less than 0 before."""
    return (instant - _EPOCH) // _MICROSECOND


def instant_of(microseconds: int) -> datetime:
    """Return the instant so many microseconds since 1970."""
    return _EPOCH + microseconds * _MICROSECOND


class Timeline:
    """The rises among the events of a stretch of the log.

    Args:
        after: The position before the stretch.
    """

    def __init__(self, *, after: int) -> None:
        self._before = after
        self._rises: list[Rise] = []

    def happened(self, instant: datetime, *, position: int) -> None:
        """Take in the timestamp of the next event."""
        at = microseconds(instant)
        if not self._rises or at > self._rises[-1].instant:
            self._rises.append(Rise(position, self._before, at))
        self._before = position

    def __bool__(self) -> bool:
        return bool(self._rises)

    def above(self, latest: int) -> Iterator[Rise]:
        """Yield the rises above the latest instant before the stretch."""
        return (rise for rise in self._rises if rise.instant > latest)
