"""The hash chain: each event's hash covers the event, its place and the hash before it.

Whoever changes, removes, inserts or reorders stored events has to recompute every later hash, and so
cannot keep the newest one that others have seen.
"""

from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteCursor

GENESIS = bytes(32)
"""Stands for the hash before the first."""

CREATE_CHAIN_TABLE = "CREATE TABLE IF NOT EXISTS chain (position INTEGER PRIMARY KEY, hash BLOB NOT NULL)"

_INTEGER_BYTES = 8


def link(previous: bytes, *, position: int, originator_id: UUID, version: int, topic: str, state: bytes) -> bytes:
    """Return the hash of one event in its place.

    It is the sha256 over the previous hash, position, stream id (16 bytes), version, topic (UTF-8) and
    stored state, each preceded by its length in bytes; every integer is 8 bytes, big-endian, signed.

    Args:
        previous: The hash of the event before it; `GENESIS` for the first.
        position: In the global order.
        originator_id: The stream.
        version: In the stream.
        topic: Of the event.
        state: The very bytes stored.
    """
    parts = (previous, _integer(position), originator_id.bytes, _integer(version), topic.encode(), state)
    return sha256(b"".join(_integer(len(part)) + part for part in parts)).digest()


def links(previous: bytes, *, events: Sequence[StoredEvent], positions: Sequence[int]) -> list[bytes]:
    """Return the hashes of events that follow each other.

    Args:
        previous: The hash of the event before the first; `GENESIS` where there is none.
        events: In position order.
        positions: Of each.
    """
    hashes = []
    for position, event in zip(positions, events, strict=True):
        stream = event.originator_id
        previous = link(
            previous,
            position=position,
            originator_id=stream if isinstance(stream, UUID) else UUID(stream),
            version=event.originator_version,
            topic=event.topic,
            state=event.state,
        )
        hashes.append(previous)
    return hashes


def append_links(cursor: SQLiteCursor, *, events: Sequence[StoredEvent], positions: Sequence[int]) -> None:
    """Write the hashes of events just inserted, in their transaction.

    The transaction must hold the write lock already: between reading the newest hash and writing the
    next, nobody else may append.
    """
    cursor.execute("SELECT hash FROM chain ORDER BY position DESC LIMIT 1")
    newest = cursor.fetchone()
    hashes = links(newest["hash"] if newest is not None else GENESIS, events=events, positions=positions)
    rows = zip(positions, hashes, strict=True)
    cursor.executemany("INSERT INTO chain (position, hash) VALUES (?, ?)", rows)


def _integer(value: int) -> bytes:
    return value.to_bytes(_INTEGER_BYTES, "big", signed=True)
