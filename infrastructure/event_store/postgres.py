"""The event store on PostgreSQL: one table of events in global order, and the hash chain beside it."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID, uuid4

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    Notification,
    NotSupportedError,
    PersistenceError,
    ProcessRecorder,
    StoredEvent,
    TrackingRecorder,
)
from eventsourcing.utils import Environment, EnvType
from psycopg import Cursor
from psycopg.rows import TupleRow

from infrastructure.event_store.postgres_append import Append
from infrastructure.event_store.postgres_datastore import Connection, PostgresDatastore
from infrastructure.event_store.postgres_subscription import AppendListener, PostgresSubscription
from infrastructure.event_store.postgres_tables import create_tables
from infrastructure.event_store.subscription import EventSubscription, Followers
from infrastructure.event_store.topics import register_topics
from infrastructure.event_store.writer_queue import WriterQueue

WRITERS = 2
"""So many threads of a process append at once: one commits, the next waits for the lock already."""

_HEAD = "SELECT coalesce(max(position), 0) FROM ml_events.stored_events"
_LINK = "SELECT hash FROM ml_events.chain WHERE position = %s"
_PLACE = "SELECT position FROM ml_events.stored_events WHERE originator_id = %s AND originator_version = %s"
# coalesce: constraints can be dropped, and one damaged row must not hide the rows behind it.
_COLUMNS = """
    coalesce(originator_id, '00000000-0000-0000-0000-000000000000'),
    coalesce(originator_version, 0),
    coalesce(topic, ''),
    coalesce(state, '')
FROM ml_events.stored_events WHERE
"""
_EVENTS = f"SELECT {_COLUMNS}"
_NOTIFICATIONS = f"SELECT position, {_COLUMNS}"


class PostgresEventRecorder(ApplicationRecorder):
    """Events in global order, each with its hash in the same transaction; readable as they come.

    Positions begin with 1, have no gaps, and follow the order of commits. Appending raises
    `IntegrityError` when a stream has an event of that version already. That can be an event of the very
    same append, stored by a commit whose answer was lost with the connection.

    Attributes:
        answers_may_be_lost: Whether events can have been stored by a commit that was never answered: yes.

    Args:
        datastore: Its connections; they are closed by whoever made them.
        lock_timeout_s: So long a thread waits for others of this process.
    """

    answers_may_be_lost = True

    def __init__(self, datastore: PostgresDatastore, *, lock_timeout_s: int) -> None:
        self.datastore = datastore
        name = uuid4().hex
        self._append = Append(announced_as=name)
        self._writers = WriterQueue(timeout_s=lock_timeout_s, writers=WRITERS)
        self._followers = Followers()
        self._listener = AppendListener(connect=datastore.connect, own=name, on_append=self._followers.wake)

    def create_table(self) -> None:
        """Create the tables that are not there yet."""
        self.datastore.retried(create_tables)

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int]:
        """Append the events, all or none, and return their positions.

        Raises:
            IntegrityError: A stream has an event of that version already.
            OperationalError: The server is gone, its disk is full, or others held the lock for too long.
        """
        if not stored_events:
            return []
        try:
            with self._writers.turn():
                return self.datastore.retried(lambda connection: self._append(connection, stored_events))
        finally:
            self._followers.wake()  # after an error, too: they may have been stored all the same

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return events of one stream, in the order of their versions."""
        conditions = ["originator_id = %s"]
        parameters: list[Any] = [originator_id]
        if gt is not None:
            conditions.append("originator_version > %s")
            parameters.append(gt)
        if lte is not None:
            conditions.append("originator_version <= %s")
            parameters.append(lte)
        parameters.append(limit)
        order = "DESC" if desc else "ASC"
        query = f"{_EVENTS} {' AND '.join(conditions)} ORDER BY originator_version {order} LIMIT %s"
        return [StoredEvent(*row) for row in self._all(query, parameters)]

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
        conditions = ["position > %s"]
        parameters: list[Any] = [after]
        if upto is not None:
            conditions.append("position <= %s")
            parameters.append(upto)
        if topics:
            conditions.append("topic = ANY(%s)")
            parameters.append([topic for topic in topics if "\0" not in topic])  # which no text of PostgreSQL has
        if originator_id is not None:
            conditions.append("originator_id = %s")
            parameters.append(originator_id)
        parameters.append(max(limit, 0))
        # in a stream both are one order, but only this one keeps the planner from walking through all positions
        order = "position" if originator_id is None else "originator_version"
        query = f"{_NOTIFICATIONS} {' AND '.join(conditions)} ORDER BY {order} LIMIT %s"
        return [
            Notification(id=position, originator_id=stream, originator_version=version, topic=topic, state=state)
            for position, stream, version, topic, state in self._all(query, parameters)
        ]

    def max_notification_id(self) -> int:
        """Return the position of the newest event; 0 when there is none."""
        return cast("int", self._all(_HEAD)[0][0])

    def position_of(self, originator_id: UUID, *, version: int) -> int | None:
        """Return the position of one event of a stream; None when the stream has no such version."""
        rows = self._all(_PLACE, [originator_id, version])
        return rows[0][0] if rows else None

    def hash_at(self, position: int) -> bytes | None:
        """Return the hash of the chain at a position; None where there is none."""
        rows = self._all(_LINK, [position])
        return bytes(rows[0][0]) if rows else None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> EventSubscription:
        """Follow the log from after the position on, across processes."""
        self._listener.start()
        return self._followers.begin(PostgresSubscription, recorder=self, gt=gt, topics=topics)

    def close(self) -> None:
        """Stop every subscription and wait for their threads."""
        self._followers.stop()
        self._listener.stop()

    def _all(self, query: str, parameters: Sequence[Any] = ()) -> list[TupleRow]:
        def fetch(connection: Connection) -> list[TupleRow]:
            with Cursor(connection) as cursor:
                # binary: a state comes as it is, not as twice as many digits
                cursor.execute(query.encode(), parameters, prepare=True, binary=True)
                return cursor.fetchall()

        return self.datastore.retried(fetch)


class PostgresEventStoreFactory(InfrastructureFactory[TrackingRecorder]):
    """What an `eventsourcing` application is given by `postgres_environment`."""

    POSTGRES_CONNINFO = "POSTGRES_CONNINFO"
    POSTGRES_LOCK_TIMEOUT = "POSTGRES_LOCK_TIMEOUT"
    POSTGRES_POOL_SIZE = "POSTGRES_POOL_SIZE"
    CREATE_TABLE = "CREATE_TABLE"

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        register_topics()
        self._recorders: list[PostgresEventRecorder] = []
        self._lock_timeout_s = int(self._required(self.POSTGRES_LOCK_TIMEOUT))
        self._datastore = PostgresDatastore(
            conninfo=self._required(self.POSTGRES_CONNINFO),
            pool_size=int(self._required(self.POSTGRES_POOL_SIZE)),
            lock_timeout_s=self._lock_timeout_s,
        )

    def application_recorder(self) -> ApplicationRecorder:
        """Return a recorder with its tables made; closing the factory closes it."""
        recorder = PostgresEventRecorder(self._datastore, lock_timeout_s=self._lock_timeout_s)
        if self.env.get(self.CREATE_TABLE) != "n":
            try:
                recorder.create_table()
            except PersistenceError:
                self.close()  # nobody else will: there is no application yet
                raise
        self._recorders.append(recorder)
        return recorder

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """Refuse: states are kept elsewhere than beside their events."""
        raise NotSupportedError(purpose)

    def tracking_recorder(self, tracking_recorder_class: type[Any] | None = None) -> Any:
        """Refuse: read models keep their position themselves."""
        raise NotSupportedError(tracking_recorder_class)

    def process_recorder(self) -> ProcessRecorder:
        """Refuse: read models keep their position themselves."""
        raise NotSupportedError

    def close(self) -> None:
        """Stop all subscriptions, then close all connections; a second call changes nothing."""
        for recorder in self._recorders:
            recorder.close()
        self._datastore.close()

    def _required(self, name: str) -> str:
        value = self.env.get(name)
        if not value:
            msg = f"{name} is missing from the settings of the event store"
            raise OSError(msg)
        return value
