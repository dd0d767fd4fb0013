"""Data directories with a log and artifacts, on both stores, and what is restored from them."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from eventsourcing.persistence import InfrastructureFactory, StoredEvent
from eventsourcing.utils import Environment

from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.backup.manifest import Manifest
from infrastructure.backup.restoring import Checked, restore
from infrastructure.backup.writing import back_up
from infrastructure.event_store.checkpoint_files import CheckpointFiles
from infrastructure.event_store.checkpointer import sign_head
from infrastructure.event_store.evidence import Verified, verify_stored
from infrastructure.event_store.log_rows import StoredLog
from infrastructure.event_store.postgres_log import PostgresLog
from infrastructure.event_store.restoring import EmptyPostgresStore, EmptySQLiteStore, EmptyStore
from infrastructure.event_store.settings import postgres_environment, sqlite_environment
from infrastructure.event_store.sqlite_log import SQLiteLog

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class DataHome:
    """A data directory, and the database of its log where that is not in it."""

    path: Path
    database_url: str | None = None

    @property
    def files(self) -> CheckpointFiles:
        return CheckpointFiles(self.path)

    @property
    def log(self) -> StoredLog:
        return SQLiteLog(self.path / "events.db") if self.database_url is None else PostgresLog(self.database_url)

    @property
    def empty_store(self) -> EmptyStore:
        if self.database_url is None:
            return EmptySQLiteStore(self.path / "events.db")
        return EmptyPostgresStore(self.database_url)

    @property
    def artifacts(self) -> LocalArtifacts:
        return LocalArtifacts(root=self.path / "artifacts")

    def append(self, *states: bytes, topic: str = "t") -> None:
        """Append an event for each state, by the recorder of the store."""
        environment = (
            sqlite_environment(self.path / "events.db")
            if self.database_url is None
            else postgres_environment(self.database_url)
        )
        factory = InfrastructureFactory.construct(Environment("", environment))
        try:
            factory.application_recorder().insert_events(
                [StoredEvent(uuid4(), 1, topic, state) for state in states]
            )
        finally:
            factory.close()

    def append_failure(self, error: str) -> None:
        """Append an event that every program can read, with words on why."""
        golden = Path(__file__).parents[1] / "event_store" / "golden" / "training-job.failed.v1.json"
        state = {**json.loads(golden.read_bytes()), "error": error}
        self.append(json.dumps(state).encode(), topic="training-job.failed.v1")

    def fill(self) -> None:
        """Have a dataset, a trained version whose manifest names its body, and a signed head."""
        self.path.mkdir(exist_ok=True)
        body = self.artifacts.put(b"tree " * 1_000)
        dataset = self.artifacts.put(b"a,b\n1,2\n")
        manifest = self.artifacts.put(b'{"body":{"sha256":"%s"}}' % body.encode())
        self.append(b'{"contents":{"sha256":"%s"}}' % dataset.encode(), topic="dataset.registered.v1")
        report = self.artifacts.put(b'{"notes":[]}')
        urls = (manifest.encode(), report.encode())
        self.append(b'{"artifact_url":"artifact:%s","report_url":"artifact:%s"}' % urls, b"\x00\xff", "ä".encode())
        sign_head(self.log, self.files, at=NOON)

    def back_up(self, directory: Path, *, artifacts: ArtifactPlace | None = None) -> Manifest:
        place = artifacts or self.artifacts.place
        return back_up(directory, log=self.log, files=self.files, artifacts=place, at=NOON)

    def restore(self, directory: Path, *, artifacts: ArtifactPlace | None = None) -> Checked:
        place = artifacts or ArtifactPlace(root=self.path / "artifacts")
        return restore(directory, home=self.path, store=self.empty_store, artifacts=place)

    def verify(self) -> Verified:
        return verify_stored(self.log, self.files)

    def rows(self) -> list[object]:
        """Return all rows of log and chain."""
        with self.log.snapshot() as snapshot:
            return [row for events, links in snapshot.pages() for row in (*events, *links)]

    def artifact_files(self) -> dict[str, bytes]:
        """Return the bytes of each artifact by its name."""
        return {path.name: path.read_bytes() for path in (self.path / "artifacts").glob("??/*")}
