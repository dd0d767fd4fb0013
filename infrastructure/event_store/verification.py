"""Whether a log is what was written: the chain computed again, and held against what was signed of it."""

import binascii
import struct
from binascii import hexlify, unhexlify
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import zip_longest

from infrastructure.event_store.chain import GENESIS
from infrastructure.event_store.chain_breaks import ChainBroken, break_at
from infrastructure.event_store.checkpoints import Checkpoint
from infrastructure.event_store.log_rows import EventRow, Head, LinkRow, LogUnreadable, Page, Snapshot

OnProgress = Callable[[int], None]
"""Told after each page of the position up to which the log is sound. What it raises ends the verification."""

_HASH_BYTES, _INTEGER_BYTES, _ID_BYTES = 32, 8, 16
_ID_DIGITS = 2 * _ID_BYTES
_BEFORE_TOPIC = struct.Struct(f">q{_HASH_BYTES}sqqq{_ID_BYTES}sqqq").pack
_LENGTH = struct.Struct(">q").pack


class Walk:
    """Follows a chain from its beginning as long as it holds.

    Attributes:
        position: The last one that was found sound.
        hash: Its hash.
    """

    def __init__(self) -> None:
        self.position = 0
        self.hash = GENESIS

    def accept(self, events: Sequence[EventRow], links: Sequence[LinkRow]) -> int:
        """Take in the rows that come next, up to the first that is not sound; return how many were."""
        # the message of `chain.link`, put together in a third of the time: there is no more to a verification
        position, current = self.position, self.hash
        try:
            for event, link in zip(events, links, strict=False):
                at, stream, version, topic, state, is_sound = event
                linked, stored, is_hash = link
                if not (at == linked == position + 1 and is_sound and is_hash and len(stream) == _ID_DIGITS):
                    break
                stream_id = unhexlify(stream)
                if hexlify(stream_id) != stream:
                    break
                head = _BEFORE_TOPIC(
                    _HASH_BYTES,
                    current,
                    _INTEGER_BYTES,
                    at,
                    _ID_BYTES,
                    stream_id,
                    _INTEGER_BYTES,
                    version,
                    len(topic),
                )
                if sha256(head + topic + _LENGTH(len(state)) + state).digest() != stored:
                    break
                position, current = at, stored
        except (binascii.Error, struct.error):
            pass  # the row is not sound either
        accepted = position - self.position
        self.position, self.hash = position, current
        return accepted


def sound_pages(
    pages: Iterator[Page], *, walk: Walk, checkpoints: Iterable[Checkpoint] = (), last_issued: int = 0
) -> Iterator[Page]:
    """Yield the pages as long as they are sound.

    Args:
        pages: From the log's beginning.
        walk: At the beginning; moves on with the pages.
        checkpoints: What was signed of this log, each genuine.
        last_issued: A position that the log had once.

    Raises:
        ChainBroken: At the first row that is not what was written.
    """
    signed = deque(sorted(checkpoints, key=lambda each: each.position))
    try:
        for events, links in pages:
            accepted = walk.accept(events, links)
            _require_signed(signed, links[:accepted])
            if accepted < max(len(events), len(links)):
                remaining = _pairs((events[accepted:], links[accepted:]), pages)
                raise break_at(after=walk.position, previous=walk.hash, rows=remaining)
            yield events, links
    except LogUnreadable as error:
        raise ChainBroken(walk.position + 1, f"it cannot be read: {error}") from None
    if signed:
        last = signed[-1]
        reason = f"the log ends before it, but position {last.position} was signed at {last.at_text}"
        raise ChainBroken(walk.position + 1, reason)
    if last_issued > walk.position:
        reason = f"the log ends before it, but the store had given position {last_issued}"
        raise ChainBroken(walk.position + 1, reason)


def verify(
    snapshot: Snapshot,
    *,
    checkpoints: Iterable[Checkpoint] = (),
    on_progress: OnProgress = lambda _position: None,
) -> Head:
    """Recompute the whole chain and return its head; as many events as its position says are sound.

    Raises:
        ChainBroken: At the first row that is not what was written; then, where all are, at the first that the
            store's index does not know.
        LogUnreachable: The log cannot be read any more.
    """
    walk = Walk()
    last_issued = snapshot.last_issued()
    index = snapshot.index_check()
    for events, _ in sound_pages(snapshot.pages(), walk=walk, checkpoints=checkpoints, last_issued=last_issued):
        if index is not None:
            index.add(events)
        on_progress(walk.position)
    if index is not None:
        index.require_sound()
    return Head(position=walk.position, hash=walk.hash)


def _require_signed(signed: deque[Checkpoint], links: Sequence[LinkRow]) -> None:
    if not links:
        return
    first, last = links[0][0], links[-1][0]
    while signed and signed[0].position <= last:
        checkpoint = signed.popleft()
        if links[checkpoint.position - first][1] != checkpoint.hash:
            reason = (
                f"its hash is not the one signed at {checkpoint.at_text}: it or an event before it was changed, "
                "and the chain computed again"
            )
            raise ChainBroken(checkpoint.position, reason)


def _pairs(first: Page, others: Iterator[Page]) -> Iterator[tuple[EventRow | None, LinkRow | None]]:
    yield from zip_longest(*first)
    for page in others:
        yield from zip_longest(*page)
