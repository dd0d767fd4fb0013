"""Every event of a store from the first to the last, as fast as the rows can be had.

A row in the newest shape becomes its event in one step, straight from its bytes. All others, damaged ones
among them, are left to the log, which knows older shapes and what cannot be read.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection, connect
from typing import Any

from pydantic import ValidationError

from application.ports.event_log import EventLog
from domain.kernel import DomainEvent
from infrastructure.event_store.topics import TOPICS
from infrastructure.postgres_connection import connect as connect_postgres
from infrastructure.postgres_connection import conninfo

_PAGE_ROWS = 5_000
_SQLITE_ROWS = """
SELECT rowid, originator_id, originator_version, topic, state FROM stored_events
WHERE rowid > ? AND rowid <= ? ORDER BY rowid LIMIT ?
"""
_POSTGRES_ROWS = """
SELECT position, convert_to(originator_id::text, 'UTF8'), originator_version, convert_to(topic, 'UTF8'), state
FROM ml_events.stored_events
WHERE position > %s AND position <= %s ORDER BY position LIMIT %s
"""

_Row = tuple[int, Any, Any, Any, Any]
"""Position, stream id, version, topic and state; text in UTF-8."""


class SqliteReplay:
    """The events of a SQLite file.

    Args:
        path: Of the file.
        log: The same events, for the rows that take more than one step.
    """

    def __init__(self, path: Path, *, log: EventLog) -> None:
        self._path = path
        self._log = log

    def __call__(self, *, after: int, upto: int) -> Iterator[tuple[int, DomainEvent]]:
        """Yield position and event of all events in between, in order."""
        with closing(connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.text_factory = bytes
            yield from _events(_sqlite_rows(connection, after, upto), self._log)


class PostgresReplay:
    """The events of a PostgreSQL database.

    Args:
        url: Of the database, in libpq's form.
        log: The same events, for the rows that take more than one step.
    """

    def __init__(self, url: str, *, log: EventLog) -> None:
        self._url = url
        self._log = log

    def __call__(self, *, after: int, upto: int) -> Iterator[tuple[int, DomainEvent]]:
        """Yield position and event of all events in between, in order."""
        yield from _events(self._rows(after, upto), self._log)

    def _rows(self, after: int, upto: int) -> Iterator[_Row]:
        with connect_postgres(conninfo(self._url)) as connection, connection.cursor(binary=True) as cursor:
            while rows := cursor.execute(_POSTGRES_ROWS, (after, upto, _PAGE_ROWS)).fetchall():
                yield from rows
                after = rows[-1][0]


def _sqlite_rows(connection: Connection, after: int, upto: int) -> Iterator[_Row]:
    while rows := connection.execute(_SQLITE_ROWS, (after, upto, _PAGE_ROWS)).fetchall():
        yield from rows
        after = rows[-1][0]


def _events(rows: Iterable[_Row], log: EventLog) -> Iterator[tuple[int, DomainEvent]]:
    readers = _readers(TOPICS)
    for position, stream, version, topic, state in rows:
        reader = readers.get(topic)
        event = reader(stream, version, state) if reader is not None else None
        if event is None:
            event = log.read(after=position - 1, limit=1)[0].event
        yield position, event


class _Reader:
    """Reads the rows of one topic in its newest shape."""

    def __init__(self, event_class: type[DomainEvent]) -> None:
        self._validate = event_class.__pydantic_validator__.validate_json
        self._start = b'{"schema":%d,' % event_class.SCHEMA_VERSION if event_class.SCHEMA_VERSION > 1 else b"{"

    def __call__(self, stream: Any, version: Any, state: Any) -> DomainEvent | None:
        """Return the event; None when the row is not what this reader knows."""
        is_plain = type(stream) is bytes and type(version) is int and type(state) is bytes
        if not (is_plain and state.startswith(self._start) and state.endswith(b"}")):
            return None
        # no numbers here, which this parser would take for such; a letter is found ten times as fast as a word
        if (b"N" in state and b"NaN" in state) or (b"I" in state and b"Infinity" in state):
            return None
        fields = b'{%s,"originator_id":"%s","originator_version":%d}' % (
            state[len(self._start) : -1],
            stream,
            version,
        )
        try:
            event: DomainEvent = self._validate(fields)
        except ValidationError:
            return None
        return event


def _readers(topics: Mapping[str, type[DomainEvent]]) -> dict[bytes, _Reader]:
    return {topic.encode(): _Reader(event_class) for topic, event_class in topics.items()}
