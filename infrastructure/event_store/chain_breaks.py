"""Where a chain breaks, and what was done there."""

from collections.abc import Iterator
from itertools import islice
from typing import TypeAlias
from uuid import UUID

from infrastructure.event_store.chain import link
from infrastructure.event_store.log_rows import EventRow, LinkRow, LogUnreadable

Pair: TypeAlias = tuple[EventRow | None, LinkRow | None]
"""What comes next of the events and of the links; None where there is no more of one."""

_CHANGED = "the event was changed: it does not give its hash"


class ChainBroken(Exception):
    """The log is not what was written.

    Attributes:
        position: Of the first row that is not; None where the finding is about none.
        reason: What is wrong there.
    """

    def __init__(self, position: int | None, reason: str) -> None:
        super().__init__(reason if position is None else f"position {position}: {reason}")
        self.position = position
        self.reason = reason


def break_at(*, after: int, previous: bytes, rows: Iterator[Pair]) -> ChainBroken:
    """Return what is wrong with the row that comes next in a log.

    Args:
        after: The last sound position.
        previous: Its hash.
        rows: All that follow; the first is not sound.
    """
    expected = after + 1
    event, linked = next(rows)
    misplaced = _misplaced(expected, event, linked, rows)
    if misplaced is not None:
        return misplaced
    if linked is None or linked[0] > expected:
        reason = "no link of the chain stands for the event: it was inserted, or its link removed"
        return ChainBroken(expected, reason)
    if event is None or event[0] > expected:
        reason = "the event was removed: only its link of the chain is there"
    elif not linked[2]:
        return ChainBroken(expected, "its link of the chain was changed: it holds no hash")
    elif not event[5]:
        reason = "the event was changed: a column is empty or of another type"
    else:
        return _mismatch(expected, previous, event, linked, rows)
    found = _place_of(expected, previous, linked, [(event, None)], rows)
    return ChainBroken(expected, reason if found is None else f"{reason}; it stands at position {found}")


def _misplaced(
    expected: int, event: EventRow | None, linked: LinkRow | None, rows: Iterator[Pair]
) -> ChainBroken | None:
    """Return what is wrong with the positions; None where the expected one is there."""
    nearest = min(row[0] for row in (event, linked) if row is not None)
    if nearest < expected:
        return ChainBroken(nearest, "a row was inserted: positions begin with 1, and each is there once")
    if nearest == expected:
        return None
    if _is_further_on(expected, rows):
        return ChainBroken(expected, f"the order was changed: position {nearest} comes before it")
    return ChainBroken(expected, f"the event was removed, and its link: position {nearest} comes next")


def _mismatch(
    expected: int, previous: bytes, event: EventRow, linked: LinkRow, rows: Iterator[Pair]
) -> ChainBroken:
    following = list(islice(_readable(rows), 1))
    computed = _hash_of(event, position=expected, previous=previous)
    for next_event, next_link in following:
        if next_event is None or next_link is None or computed is None:
            break
        if _hash_of(next_event, position=expected + 1, previous=computed) == next_link[1]:
            return ChainBroken(expected, "its link of the chain was changed: the event fits the link that follows")
    found = _place_of(expected, previous, linked, following, rows)
    if found is not None:
        reason = f"the order was changed: the event that was written here stands at position {found}"
        return ChainBroken(expected, reason)
    return ChainBroken(expected, _CHANGED)


def _is_further_on(position: int, rows: Iterator[Pair]) -> bool:
    """Tell whether the position comes later, as it can in a file."""
    return any(row is not None and row[0] == position for pair in _readable(rows) for row in pair)


def _place_of(
    expected: int, previous: bytes, linked: LinkRow, following: list[Pair], rows: Iterator[Pair]
) -> int | None:
    """Return where the event stands that gives the link's hash; None where there is none."""
    for source in (iter(following), _readable(rows)):
        for event, _ in source:
            if event is not None and _hash_of(event, position=expected, previous=previous) == linked[1]:
                return event[0]
    return None


def _hash_of(event: EventRow, *, position: int, previous: bytes) -> bytes | None:
    _, stream, version, topic, state, is_sound = event
    if not is_sound:
        return None
    try:
        return link(
            previous,
            position=position,
            originator_id=UUID(stream.decode("ascii")),
            version=version,
            topic=topic.decode(),
            state=state,
        )
    except (ValueError, OverflowError):
        return None


def _readable(rows: Iterator[Pair]) -> Iterator[Pair]:
    """Yield what can be read still: a second damage further on does not hide what is known of the first."""
    while True:
        try:
            pair = next(rows)
        except (StopIteration, LogUnreadable, ChainBroken):
            return
        yield pair
