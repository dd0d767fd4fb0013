"""By what a log is told from all others, also from one that was restored from its backup."""

from typing import Protocol

from application.ports.event_log import EventLog
from domain.kernel import Immutable


class ChainedLog(EventLog, Protocol):
    """A log whose past can be told from all others."""

    def hash_at(self, position: int) -> bytes | None:
        """Return the hash of its chain at the position; None where there is none."""


class Reach(Immutable):
    """A past: all events up to a position, and no others.

    Attributes:
        position: Of a log.
        hash: Of its chain there, in hexadecimal digits; empty at its beginning.
    """

    position: int
    hash: str


BEGINNING = Reach(position=0, hash="")
"""That all logs have in common."""


def reach_of(log: ChainedLog, position: int) -> Reach:
    """Return the past of the log up to a position; one that no log has where it ends before."""
    hash_ = log.hash_at(position)
    return Reach(position=position, hash="" if hash_ is None else hash_.hex())


def has(log: ChainedLog, reach: Reach) -> bool:
    """Return whether the past is one of this log."""
    return reach_of(log, reach.position) == reach
