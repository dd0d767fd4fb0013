"""How events are appended on PostgreSQL: one transaction in two round trips."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg import sql

from infrastructure.event_store.chain import GENESIS, links
from infrastructure.event_store.postgres_datastore import Connection
from infrastructure.event_store.postgres_tables import CHANNEL

# Each statement is to see what was committed before it, whatever the server's default is.
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
# Only reading goes on beside it; so positions are in the order of commits, and a reader misses none.
_LOCK = "LOCK TABLE ml_events.stored_events IN EXCLUSIVE MODE"
# Of both tables: a position is not given twice, not even after the newest rows of one were removed.
_NEWEST = """
SELECT
    greatest(
        (SELECT max(position) FROM ml_events.stored_events),
        (SELECT max(position) FROM ml_events.chain),
        0
    ),
    (SELECT hash FROM ml_events.chain ORDER BY position DESC LIMIT 1)
"""
_INSERT_EVENTS = """
INSERT INTO ml_events.stored_events (position, originator_id, originator_version, topic, state)
SELECT * FROM unnest(%b::bigint[], %s::uuid[], %b::bigint[], %s::text[], %b::bytea[])
"""
_INSERT_CHAIN = "INSERT INTO ml_events.chain (position, hash) SELECT * FROM unnest(%b::bigint[], %b::bytea[])"


class Append:
    """Numbers, links and inserts events, and announces them.

    Args:
        announced_as: The payload of the announcement, by which a process knows its own.
    """

    def __init__(self, *, announced_as: str) -> None:
        self._announce = sql.SQL("NOTIFY {}, {}").format(sql.Identifier(CHANNEL), sql.Literal(announced_as))

    def __call__(self, connection: Connection, events: Sequence[StoredEvent]) -> list[int]:
        """Append the events and return their positions.

        Raises:
            psycopg.Error: Nothing was stored; except that a commit may have been carried out whose
                answer was lost with the connection.
        """
        positions: list[int] = []
        failures: list[psycopg.Error] = []
        with _collected(failures), connection.pipeline(), _collected(failures):
            head, newest = self._lock(connection)
            positions = list(range(head + 1, head + 1 + len(events)))
            hashes = links(newest or GENESIS, events=events, positions=positions)
            self._insert(connection, events, positions=positions, hashes=hashes)
        if failures:
            raise failures[0]
        return positions

    def _lock(self, connection: Connection) -> tuple[int, bytes | None]:
        """Begin the transaction; return the newest position and hash, as no other writer can change them."""
        connection.execute(_BEGIN, prepare=True)
        connection.execute(_LOCK, prepare=True)
        row = connection.execute(_NEWEST, prepare=True, binary=True).fetchone()
        assert row is not None
        return row[0], row[1]

    def _insert(
        self,
        connection: Connection,
        events: Sequence[StoredEvent],
        *,
        positions: list[int],
        hashes: list[bytes],
    ) -> None:
        columns: list[Any] = [
            positions,
            [event.originator_id for event in events],
            [event.originator_version for event in events],
            [event.topic for event in events],
            [event.state for event in events],
        ]
        connection.execute(_INSERT_EVENTS, columns, prepare=True)
        connection.execute(_INSERT_CHAIN, [positions, hashes], prepare=True)
        connection.execute(self._announce)
        connection.execute("COMMIT", prepare=True)


@contextmanager
def _collected(failures: list[psycopg.Error]) -> Iterator[None]:
    """Keep the error: of a failed pipeline the first one says why, what follows is that it was aborted."""
    try:
        yield
    except psycopg.Error as error:
        failures.append(error)
