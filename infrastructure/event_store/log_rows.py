"""What a verification reads: the rows of the log and of its chain as they are stored, damaged or not."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from application.audit.verification import LogUnavailable
from infrastructure.event_store.chain import GENESIS

PAGE_ROWS = 256
"""Few enough that a page of the largest events fits in memory, enough that pages cost nothing."""

EventRow: TypeAlias = tuple[int, bytes, int, bytes, bytes, bool]
"""Position, stream id (32 lower-case hexadecimal digits), version, topic (UTF-8), state, and whether each
column holds a value of its type; where one does not, none of them means anything but the position."""

LinkRow: TypeAlias = tuple[int, bytes, bool]
"""Position, hash, and whether the hash is one by its type."""

Page: TypeAlias = tuple[Sequence[EventRow], Sequence[LinkRow]]
"""Rows of both, each in position order. In a sound log they stand for the same positions."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """The newest position of a chain and its hash; position 0 with `GENESIS` where there is none."""

    position: int = 0
    hash: bytes = GENESIS


class LogUnreachable(LogUnavailable):
    """The log cannot be read or written now; the message says why, and shows no password."""


class LogMissing(LogUnreachable):
    """There is no log: no such file, or no table of one in the database."""


class LogUnreadable(Exception):
    """The store itself is damaged at this place: no row can be read any more."""


class IndexCheck(Protocol):
    """Holds what a store decides appends by against the rows that were found sound."""

    def add(self, events: Sequence[EventRow]) -> None:
        """Take in sound events, each once."""

    def require_sound(self) -> None:
        """Demand that the index stands for exactly the events that were added.

        Raises:
            ChainBroken: It does not.
        """


class Snapshot(Protocol):
    """The log as it was at one moment, however long the reading takes."""

    def head(self) -> Head:
        """Return the newest link of the chain, unchecked."""

    def hash_at(self, position: int) -> bytes | None:
        """Return the hash of a position, unchecked; None where there is none that can be read."""

    def index_check(self) -> IndexCheck | None:
        """Return what checks the index of streams and versions; None where the store gives no way to."""

    def last_issued(self) -> int:
        """Return the last position that the store remembers to have given; 0 where it remembers none."""

    def pages(self) -> Iterator[Page]:
        """Yield all rows in position order, page by page, in constant memory.

        Raises:
            LogUnreadable: The store is damaged at what would come next.
            LogUnreachable: The store cannot be reached any more.
        """


class StoredLog(Protocol):
    """A log on one of the stores, whether a service runs on it or not."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Give the log as it is now, for reading only.

        Raises:
            LogMissing: There is no log.
            LogUnreachable: It cannot be read.
        """
