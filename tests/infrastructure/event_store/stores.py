"""Event stores on real files and servers, and programs that write to them from processes of their own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.persistence import InfrastructureFactory, StoredEvent
from eventsourcing.utils import Environment

from infrastructure.event_store.chain import GENESIS, link
from infrastructure.event_store.postgres import PostgresEventRecorder
from infrastructure.event_store.settings import postgres_environment, sqlite_environment
from infrastructure.event_store.sqlite import SQLiteEventRecorder

ROOT = Path(__file__).parents[3]

_WRITER = """
import sys
from pathlib import Path
from typing import Any
from uuid import UUID
from tests.infrastructure.event_store.stores import an_open_recorder, stored

place, stream, count = sys.argv[1], UUID(sys.argv[2]), int(sys.argv[3])
with an_open_recorder(place if place.startswith("postgresql:") else Path(place)) as recorder:
    print("ready", flush=True)
    sys.stdin.readline()
    for version in range(1, count + 1):
        positions = recorder.insert_events([stored(stream, version)])
        print(positions[0], flush=True)
"""


Place = Path | str
"""Where a store is: in a SQLite file, or at PostgreSQL's URL."""

Recorder = SQLiteEventRecorder | PostgresEventRecorder


def environment(place: Place) -> dict[str, str]:
    return sqlite_environment(place) if isinstance(place, Path) else postgres_environment(place)


@contextmanager
def an_open_recorder(place: Place, **changes: str) -> Iterator[Any]:
    factory = InfrastructureFactory.construct(Environment("", environment(place) | changes))
    try:
        recorder = factory.application_recorder()
        assert isinstance(recorder, Recorder)
        yield recorder
    finally:
        factory.close()


def stored(stream: UUID | None = None, version: int = 1, *, state: bytes = b"{}", topic: str = "t") -> StoredEvent:
    return StoredEvent(stream or uuid4(), version, topic, state)


def start_writer(place: Place, stream: UUID, *, count: int) -> subprocess.Popen[str]:
    """Start a process that says `ready`, waits for a line, then says each position it was given."""
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(place), str(stream), str(count)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def begin(writers: list[subprocess.Popen[str]]) -> None:
    """Let writers that have opened the store begin together."""
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()


def first_of(writer: subprocess.Popen[str]) -> int:
    """Return the first position that the writer was told, once it was."""
    assert writer.stdout is not None
    return int(writer.stdout.readline())


def finish(writer: subprocess.Popen[str]) -> list[int]:
    """Return the positions that the writer was told, once it has ended."""
    output, _ = writer.communicate()
    return [int(line) for line in output.splitlines()]


def positions(recorder: Recorder) -> list[int]:
    return [each.id for each in recorder.select_range(after=0, limit=100_000)]


def chain(recorder: Recorder) -> list[tuple[int, bytes]]:
    """Return what is stored of the hash chain."""
    if isinstance(recorder, PostgresEventRecorder):
        with recorder.datastore.connection() as connection:
            return connection.execute("SELECT position, hash FROM ml_events.chain ORDER BY position").fetchall()
    with recorder.datastore.transaction(commit=False) as cursor:
        cursor.execute("SELECT position, hash FROM chain ORDER BY position")
        return [tuple(row) for row in cursor.fetchall()]


def recomputed_chain(recorder: Recorder) -> list[tuple[int, bytes]]:
    """Return what the hash chain of the stored events must be."""
    links = []
    current = GENESIS
    for each in recorder.select_range(after=0, limit=1_000_000):
        assert isinstance(each.originator_id, UUID)
        current = link(
            current,
            position=each.id,
            originator_id=each.originator_id,
            version=each.originator_version,
            topic=each.topic,
            state=each.state,
        )
        links.append((each.id, current))
    return links
