"""The event store on SQLite: one table of events in global order, and the hash chain beside it."""

from collections.abc import Sequence
from typing import Any, cast, get_args
from uuid import UUID, uuid5

from eventsourcing.persistence import ApplicationRecorder, Notification, StoredEvent
from eventsourcing.sqlite import (
    SQLITE3_DEFAULT_LOCK_TIMEOUT,
    SQLiteApplicationRecorder,
    SQLiteCursor,
    SQLiteFactory,
)
from eventsourcing.utils import Environment, EnvType

from infrastructure.event_store.chain import CREATE_CHAIN_TABLE, append_links
from infrastructure.event_store.sqlite_datastore import EventDatastore, Synchronous
from infrastructure.event_store.sqlite_subscription import SQLiteSubscription
from infrastructure.event_store.subscription import EventSubscription, Followers
from infrastructure.event_store.topics import register_topics

_DAMAGED_IDS = UUID("3c0d5a57-5f0e-4b7e-8d0c-5c9a3a1f9e52")

# AUTOINCREMENT: a position is never given twice, not even after the newest events were removed; and an
# explicit key is not renumbered by VACUUM.
_CREATE_EVENTS_TABLE = """
CREATE TABLE IF NOT EXISTS stored_events (
    rowid INTEGER PRIMARY KEY AUTOINCREMENT,
    originator_id TEXT NOT NULL,
    originator_version INTEGER NOT NULL,
    topic TEXT NOT NULL,
    state BLOB NOT NULL,
    UNIQUE (originator_id, originator_version)
)
"""
_INSERT_EVENT = "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?, ?, ?, ?)"
# CAST: a row that was edited by hand or damaged may hold any type in any column.
_SELECT = """
SELECT
    rowid,
    CAST(originator_id AS TEXT) AS originator_id,
    CAST(originator_version AS INTEGER) AS originator_version,
    CAST(topic AS TEXT) AS topic,
    CAST(state AS BLOB) AS state
FROM stored_events WHERE
"""
# The library adds its conditions and the order, which the index gives as long as no CAST hides the version.
_SELECT_STREAM = """
SELECT originator_id, originator_version, CAST(topic AS TEXT) AS topic, CAST(state AS BLOB) AS state
FROM stored_events WHERE originator_id = ?
"""


class SQLiteEventRecorder(SQLiteApplicationRecorder):
    """Events in global order, each with its hash in the same transaction; readable as they come.

    Positions begin with 1, have no gaps, and follow the order of commits. Appending raises
    `IntegrityError` exactly when a stream has an event of that version already; nothing is stored then.

    Attributes:
        answers_may_be_lost: Whether events can have been stored by a commit that was never answered: no,
            there is nothing between this process and its file.
    """

    datastore: EventDatastore
    answers_may_be_lost = False

    def __init__(self, datastore: EventDatastore) -> None:
        super().__init__(datastore)
        self.insert_events_statement = _INSERT_EVENT
        self.select_events_statement = _SELECT_STREAM
        self.select_max_notification_id_statement = "SELECT coalesce(max(rowid), 0) FROM stored_events"
        self._followers = Followers()

    def construct_create_table_statements(self) -> list[str]:
        """Return what makes the tables that are not there yet."""
        return [_CREATE_EVENTS_TABLE, CREATE_CHAIN_TABLE]

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Append the events, all or none, and return their positions.

        Raises:
            IntegrityError: A stream has an event of that version already.
            OperationalError: The disk is full, or others held the lock for too long.
        """
        if not stored_events:
            return []
        positions = super().insert_events(stored_events, **kwargs)
        self._followers.wake()
        return positions or []

    def _insert_events(
        self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int]:
        positions = super()._insert_events(c, stored_events, **kwargs) or []
        append_links(c, events=stored_events, positions=positions)
        return positions

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return the next events in position order, at most `limit`, up to and with `stop`."""
        after = 0 if start is None else start - inclusive_of_start
        return self.select_range(after=after, upto=stop, limit=limit, topics=topics)

    def select_range(
        self,
        *,
        after: int,
        limit: int,
        upto: int | None = None,
        topics: Sequence[str] = (),
        originator_id: UUID | None = None,
    ) -> Sequence[Notification]:
        """Return events in position order.

        Args:
            after: The position before the first that is wanted.
            limit: So many at most.
            upto: The last position that is wanted; None for the newest.
            topics: Of these only; empty for all.
            originator_id: Of this stream only; None for all.
        """
        conditions = ["rowid > ?"]
        parameters: list[int | str] = [after]
        if upto is not None:
            conditions.append("rowid <= ?")
            parameters.append(upto)
        if topics:
            conditions.append(f"topic IN ({', '.join('?' * len(topics))})")
            parameters += topics
        if originator_id is not None:
            conditions.append("originator_id = ?")
            parameters.append(originator_id.hex)
        parameters.append(max(limit, 0))
        where = " AND ".join(conditions)
        with self.datastore.transaction(commit=False) as cursor:
            # in a stream both are one order, and this one is that of its index
            order = "rowid" if originator_id is None else "stored_events.originator_version"
            cursor.execute(f"{_SELECT} {where} ORDER BY {order} LIMIT ?", parameters)
            return [
                Notification(
                    id=row["rowid"],
                    originator_id=self.convert_originator_id(row["originator_id"]),
                    originator_version=row["originator_version"],
                    topic=row["topic"],
                    state=row["state"],
                )
                for row in cursor.fetchall()
            ]

    def position_of(self, originator_id: UUID, *, version: int) -> int | None:
        """Return the position of one event of a stream; None when the stream has no such version."""
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute(
                "SELECT rowid FROM stored_events WHERE originator_id = ? AND originator_version = ?",
                (originator_id.hex, version),
            )
            row = cursor.fetchone()
            return row["rowid"] if row is not None else None

    def hash_at(self, position: int) -> bytes | None:
        """Return the hash of the chain at a position; None where there is none."""
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute("SELECT hash FROM chain WHERE position = ?", (position,))
            row = cursor.fetchone()
            return bytes(row["hash"]) if row is not None else None

    def convert_originator_id(self, originator_id: str) -> UUID:
        """Return the stream's id; a damaged one gives another, so that the rest of the log stays readable."""
        try:
            return UUID(originator_id)
        except ValueError:
            return uuid5(_DAMAGED_IDS, originator_id)

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> EventSubscription:
        """Follow the log from after the position on, across processes."""
        return self._followers.begin(
            SQLiteSubscription, recorder=self, connect=self.datastore.pool.connect, gt=gt, topics=topics
        )

    def close(self) -> None:
        """Stop every subscription and wait for their threads."""
        self._followers.stop()


class SQLiteEventStoreFactory(SQLiteFactory):
    """What an `eventsourcing` application is given by `sqlite_environment`."""

    SQLITE_SYNCHRONOUS = "SQLITE_SYNCHRONOUS"

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        register_topics()
        self._recorders: list[SQLiteEventRecorder] = []
        self.datastore: EventDatastore = EventDatastore(
            db_name=self.datastore.pool.db_name,
            lock_timeout_s=self.datastore.pool.lock_timeout or SQLITE3_DEFAULT_LOCK_TIMEOUT,
            synchronous=_synchronous(self.env.get(self.SQLITE_SYNCHRONOUS) or "FULL"),
        )

    def application_recorder(self) -> ApplicationRecorder:
        """Return a recorder with its tables made; closing the factory closes it."""
        recorder = SQLiteEventRecorder(self.datastore)
        if self.env_create_table():
            recorder.create_table()
        self._recorders.append(recorder)
        return recorder

    def close(self) -> None:
        """Stop all subscriptions, then close all connections; a second call changes nothing."""
        for recorder in self._recorders:
            recorder.close()
        super().close()


def _synchronous(setting: str) -> Synchronous:
    known = get_args(Synchronous)
    if setting not in known:
        msg = f"{SQLiteEventStoreFactory.SQLITE_SYNCHRONOUS} must be one of {', '.join(known)}, is {setting!r}"
        raise OSError(msg)
    return cast("Synchronous", setting)
