"""Verification against reading and hashing the same rows, and what the chain costs a commit."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import psycopg
from eventsourcing.persistence import ApplicationRecorder, InfrastructureFactory, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor
from eventsourcing.utils import Environment

from infrastructure.event_store import postgres_append
from infrastructure.event_store.log_rows import StoredLog
from infrastructure.event_store.postgres_append import Append
from infrastructure.event_store.postgres_log import PostgresLog
from infrastructure.event_store.settings import postgres_environment, sqlite_environment
from infrastructure.event_store.sqlite import SQLiteEventRecorder
from infrastructure.event_store.sqlite_log import SQLiteLog
from infrastructure.event_store.verification import verify
from tests.benchmarks.measure import REPEATS, Figure, interleaved, median_ratio, scratch, spread
from tests.support.postgres import PostgresServer

EVENTS = 200_000
EVENTS_PER_COMMIT = 2
STATE_BYTES = 500
SECONDS = 2.0
COMMITS_IN_TURN = 10
_BATCH = 5_000
"""Rows fetched at a time by the bare reading, which so has the better of it."""

WithoutChain = Callable[[Any], ApplicationRecorder]


def run() -> list[Figure]:
    """Measure both on both stores."""
    with scratch() as directory, PostgresServer() as server, server.fresh_database() as url:
        return [
            *_verification("SQLite", directory / "events.db", sqlite_environment(directory / "events.db")),
            *_verification("PostgreSQL", url, postgres_environment(url)),
            *_commits("SQLite", sqlite_environment(directory / "commits.db"), _chainless_sqlite),
            *_commits("PostgreSQL", postgres_environment(url), _chainless_postgres),
        ]


def _verification(store: str, place: Any, environment: dict[str, str]) -> list[Figure]:
    with _recorder(environment) as recorder:
        for _ in range(EVENTS // 1_000):
            recorder.insert_events([_event() for _ in range(1_000)])
    log: StoredLog = SQLiteLog(place) if isinstance(place, Path) else PostgresLog(place)
    bare = _read_sqlite if isinstance(place, Path) else _read_postgres

    def verified() -> float:
        with log.snapshot() as snapshot:
            return _rate(lambda: verify(snapshot).position)

    found, reference = interleaved(verified, lambda: _rate(lambda: bare(place)))
    return [
        Figure(f"{store}: verification of {EVENTS:,} events", spread(found, "events/s")),
        Figure(f"{store}: select + sha256 of the same rows", spread(reference, "events/s")),
        Figure(f"{store}: ratio verification : select + sha256", f"{median_ratio(found, reference):.2f}"),
    ]


def _read_sqlite(path: Path) -> int:
    done = 0
    with closing(sqlite3.connect(path)) as connection:
        for row in connection.execute(
            "SELECT rowid, originator_id, originator_version, topic, state FROM stored_events ORDER BY rowid"
        ):
            sha256(row[4]).digest()
            done += 1
    return done


def _read_postgres(url: str) -> int:
    done = 0
    with psycopg.connect(url) as connection, connection.cursor("bare", scrollable=False) as cursor:
        cursor.itersize = _BATCH
        cursor.execute(
            "SELECT position, originator_id, originator_version, topic, state "
            "FROM ml_events.stored_events ORDER BY position",
            binary=True,
        )
        for row in cursor:
            sha256(row[4]).digest()
            done += 1
    return done


def _commits(store: str, environment: dict[str, str], without_chain: WithoutChain) -> list[Figure]:
    """Measure a recorder as it is, and one that writes the same events without their hashes."""
    with _recorder(environment) as recorder, _recorder(environment) as other:
        rounds = [_commits_per_second(recorder, without_chain(other)) for _ in range(REPEATS)]
    chained, bare = zip(*rounds, strict=True)
    cost = 1 - median_ratio(chained, bare)
    return [
        Figure(f"{store}: commits of {EVENTS_PER_COMMIT} events, with the chain", spread(chained, "/s")),
        Figure(f"{store}: the same without", spread(bare, "/s")),
        Figure(f"{store}: the chain's cost", f"{cost:.1%} of the commit rate"),
    ]


def _commits_per_second(*recorders: ApplicationRecorder) -> list[float]:
    """Return the rate of each, taken in turn every few commits: a disk is not the same for two seconds."""
    seconds = [0.0 for _ in recorders]
    done = 0
    while sum(seconds) < SECONDS * len(recorders):
        for number, recorder in enumerate(recorders):
            events = [[_event() for _ in range(EVENTS_PER_COMMIT)] for _ in range(COMMITS_IN_TURN)]
            begin = time.perf_counter()
            for each in events:
                recorder.insert_events(each)
            seconds[number] += time.perf_counter() - begin
        done += COMMITS_IN_TURN
    return [done / each for each in seconds]


class _ChainlessSQLiteRecorder(SQLiteEventRecorder):
    def _insert_events(
        self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int]:
        return SQLiteApplicationRecorder._insert_events(self, c, stored_events, **kwargs) or []


class _ChainlessAppend(Append):
    def __call__(self, connection: Any, events: Sequence[StoredEvent]) -> Sequence[int]:
        with connection.pipeline():
            connection.execute(postgres_append._BEGIN, prepare=True)
            connection.execute(postgres_append._LOCK, prepare=True)
            newest = connection.execute("SELECT max(position) FROM ml_events.stored_events", prepare=True)
            head = newest.fetchone()[0] or 0
            positions = range(head + 1, head + 1 + len(events))
            columns = zip(
                *[(e.originator_id, e.originator_version, e.topic, e.state) for e in events], strict=True
            )
            connection.execute(
                postgres_append._INSERT_EVENTS, [list(positions), *map(list, columns)], prepare=True
            )
            connection.execute(self._announce)
            connection.execute("COMMIT", prepare=True)
        return positions


def _chainless_sqlite(recorder: Any) -> ApplicationRecorder:
    return _ChainlessSQLiteRecorder(recorder.datastore)


def _chainless_postgres(recorder: Any) -> ApplicationRecorder:
    recorder._append = _ChainlessAppend(announced_as="benchmark")
    return cast("ApplicationRecorder", recorder)


def _rate(work: Callable[[], int]) -> float:
    begin = time.perf_counter()
    done = work()
    assert done == EVENTS
    return done / (time.perf_counter() - begin)


def _event() -> StoredEvent:
    state = b'{"event_id":"%s","text":"' % uuid4().hex.encode()
    return StoredEvent(uuid4(), 1, "model.registered.v1", state.ljust(STATE_BYTES - 2, b"x") + b'"}')


@contextmanager
def _recorder(environment: dict[str, str]) -> Iterator[ApplicationRecorder]:
    factory: Any = InfrastructureFactory.construct(Environment("", environment))
    try:
        yield factory.application_recorder()
    finally:
        factory.close()
