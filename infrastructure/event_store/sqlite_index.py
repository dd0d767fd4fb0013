"""Whether SQLite's index of streams and versions says what its table says: appends are decided by the index."""

import sqlite3
from collections.abc import Sequence
from operator import itemgetter

from infrastructure.event_store.chain_breaks import ChainBroken
from infrastructure.event_store.log_rows import EventRow
from infrastructure.event_store.sqlite_damage import is_damage

_INDEX = "sqlite_autoindex_stored_events_1"
_IS_THERE = "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?"
_ENTRIES = """
SELECT rowid, CAST(originator_id AS BLOB), originator_version
FROM stored_events INDEXED BY sqlite_autoindex_stored_events_1
"""
_FIRST_WITHOUT_ENTRY = """
SELECT event.rowid FROM stored_events AS event NOT INDEXED WHERE NOT EXISTS (
    SELECT 1 FROM stored_events AS entry INDEXED BY sqlite_autoindex_stored_events_1
    WHERE entry.originator_id = event.originator_id
        AND entry.originator_version = event.originator_version
        AND entry.rowid = event.rowid
) ORDER BY event.rowid LIMIT 1
"""
_BATCH = 256
_REMEDY = "the events are sound, but the service decides wrongly with it: back up, and restore elsewhere"

_entry = itemgetter(0, 1, 2)


class SQLiteIndexCheck:
    """Holds the index against the rows that a walk has found sound.

    Both are summed up by the hashes of their entries, whose order is not the same in both: that costs a third of
    looking each entry up. The hashes are keyed anew in every process, so nobody can have the sums agree.

    Args:
        connection: In the transaction that the rows were read in.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._rows = 0
        self._sum = 0

    def add(self, events: Sequence[EventRow]) -> None:
        """Take in sound events, each once."""
        self._rows += len(events)
        self._sum += sum(map(hash, map(_entry, events)))

    def require_sound(self) -> None:
        """Demand that the index has an entry of every event that was added, and no other.

        Raises:
            ChainBroken: It has not; with the first position that has none, where there is one.
        """
        if not self._rows:
            return
        try:
            if self._connection.execute(_IS_THERE, (_INDEX,)).fetchone() is None:
                reason = f"the index of streams and versions is not there; {_REMEDY}"
                raise ChainBroken(None, reason)
            if self._summed() == (self._rows, self._sum):
                return
            found = self._connection.execute(_FIRST_WITHOUT_ENTRY).fetchone()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            reason = f"the index of streams and versions cannot be read: {error}; {_REMEDY}"
            raise ChainBroken(None, reason) from None
        if found is None:
            reason = f"the index of streams and versions has entries that stand for no event; {_REMEDY}"
            raise ChainBroken(None, reason)
        reason = f"the index of streams and versions has no entry of the event; {_REMEDY}"
        raise ChainBroken(found[0], reason)

    def _summed(self) -> tuple[int, int]:
        rows = total = 0
        entries = self._connection.execute(_ENTRIES)
        while batch := entries.fetchmany(_BATCH):
            rows += len(batch)
            total += sum(map(hash, batch))
        return rows, total
