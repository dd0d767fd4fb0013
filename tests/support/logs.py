"""Logs of any rows, on both stores, past every rule that the service keeps."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import psycopg
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.utils import Environment

from infrastructure.event_store.chain import GENESIS, link
from infrastructure.event_store.log_rows import StoredLog
from infrastructure.event_store.postgres_log import PostgresLog
from infrastructure.event_store.postgres_tables import create_tables
from infrastructure.event_store.settings import sqlite_environment
from infrastructure.event_store.sqlite_log import SQLiteLog


@dataclass
class Rows:
    """A log's rows, free to be edited.

    Attributes:
        events: Position, stream, version, topic, state.
        links: Position, hash.
    """

    events: list[list[Any]] = field(default_factory=list)
    links: list[list[Any]] = field(default_factory=list)

    def copy(self) -> "Rows":
        return Rows([list(each) for each in self.events], [list(each) for each in self.links])

    def linked(self) -> "Rows":
        """Give every event the hash that it would have had."""
        self.links = []
        current = GENESIS
        for position, stream, version, topic, state in self.events:
            current = link(
                current, position=position, originator_id=stream, version=version, topic=topic, state=state
            )
            self.links.append([position, current])
        return self


def some_rows(count: int) -> Rows:
    streams = [UUID(int=(0xABCDEF << 100) + number) for number in range(5)]
    states = (b'{"name":"\xc3\xa4"}', b"{}", b"\x00\xff", b"x" * 3_000)
    events = [
        [
            number + 1,
            streams[number % 5],
            number // 5 + 1,
            f"model.t{number % 3}.v1",
            states[number % 4] + b"%d" % number,
        ]
        for number in range(count)
    ]
    return Rows(events).linked()


class EditableLog(Protocol):
    """A log whose rows can be put there as one likes."""

    log: StoredLog

    def put(self, events: Iterable[Sequence[Any]], links: Iterable[Sequence[Any]]) -> None:
        """Have these rows and no others."""


class EditableSQLiteLog:
    """A log in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log: StoredLog = SQLiteLog(path)
        factory = InfrastructureFactory.construct(Environment("", sqlite_environment(path)))
        factory.application_recorder()
        factory.close()

    def put(self, events: Iterable[Sequence[Any]], links: Iterable[Sequence[Any]]) -> None:
        self.execute("DELETE FROM stored_events", "DELETE FROM chain", "DELETE FROM sqlite_sequence")
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.executemany("INSERT INTO stored_events VALUES (?, ?, ?, ?, ?)", map(_with_digits, events))
            connection.executemany("INSERT INTO chain VALUES (?, ?)", links)
            connection.execute("DELETE FROM sqlite_sequence")

    def execute(self, *statements: str) -> None:
        """Change the file by SQL."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for each in statements:
                connection.execute(each)


class EditablePostgresLog:
    """A log in a database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.log: StoredLog = PostgresLog(url)
        with psycopg.connect(url, autocommit=True) as connection:
            create_tables(connection)

    def put(self, events: Iterable[Sequence[Any]], links: Iterable[Sequence[Any]]) -> None:
        with psycopg.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.execute("TRUNCATE ml_events.stored_events, ml_events.chain")
            cursor.executemany("INSERT INTO ml_events.stored_events VALUES (%s, %s, %s, %s, %s)", list(events))
            cursor.executemany("INSERT INTO ml_events.chain VALUES (%s, %s)", list(links))


def _with_digits(event: Sequence[Any]) -> Sequence[Any]:
    return [each.hex if isinstance(each, UUID) else each for each in event]
