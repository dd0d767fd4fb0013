"""What one process has taken a snapshot of, another opens without its beginning, on stores of both kinds."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from application.ledger import Ledger
from application.models.projection import project
from application.snapshotting import Snapshotter
from domain.errors import UnreadableHistory
from domain.kernel import DomainEvent
from domain.models import model as models
from infrastructure.event_store.settings import postgres_environment, sqlite_environment
from infrastructure.read_models.runner import ReadModelRunner
from infrastructure.snapshots import SqlSnapshots
from infrastructure.system.clock import SystemClock
from tests.domain.histories import MODEL_ID, a_model_with_versions
from tests.support.fakes.read_models import InMemoryReadModels
from tests.support.given import provenance
from tests.support.newer_program import store_newer_event
from tests.support.operation import operation_database

ENOUGH_S = 20.0
EVERY = 50
STORY = a_model_with_versions(119)
AT = 100
"""Of the newest snapshot that is due."""


@pytest.fixture(params=["sqlite", "postgres"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    return tmp_path if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@contextmanager
def a_process(home: Path | str) -> Iterator[tuple[Ledger, SqlSnapshots]]:
    """Yield what a process of the service opens, with nothing in its memory."""
    with ExitStack() as resources:
        operation = operation_database(home / "operation.db" if isinstance(home, Path) else home)
        snapshots = SqlSnapshots(resources.enter_context(operation))
        environment = (
            sqlite_environment(home / "events.db") if isinstance(home, Path) else postgres_environment(home)
        )
        yield resources.enter_context(Ledger(environment, snapshots=snapshots)), snapshots


def take_snapshots_of(home: Path | str, events: tuple[DomainEvent, ...]) -> None:
    """Store the events, while a runner follows them and tells who takes snapshots."""
    with a_process(home) as (ledger, snapshots), ExitStack() as running:
        snapshotter = Snapshotter(ledger=ledger, snapshots=snapshots, every=EVERY)
        runner = ReadModelRunner(
            log=ledger, read_models=InMemoryReadModels(), projections=(project,), clock=SystemClock()
        )
        runner.on_page(snapshotter.on_page)
        snapshotter.start()
        running.callback(snapshotter.stop)
        runner.start()
        running.callback(runner.stop)
        for event in events:
            ledger.commit([event])
        assert runner.wait_for(ledger.head(), ENOUGH_S)
        deadline = time.monotonic() + ENOUGH_S
        while (kept := snapshots.latest(MODEL_ID)) is None or kept.version < AT:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def damage_the_beginning(home: Path | str) -> None:
    """Make the first event of all unreadable, to show who reads it."""
    if isinstance(home, Path):
        with closing(sqlite3.connect(home / "events.db")) as file, file:
            file.execute("UPDATE stored_events SET state = x'00' WHERE originator_version = 1")
        return
    with psycopg.connect(home) as connection:
        connection.execute("UPDATE ml_events.stored_events SET state = '\\x00' WHERE originator_version = 1")


def test_a_new_process_opens_a_long_model_from_the_snapshot_that_another_took(home: Path | str) -> None:
    take_snapshots_of(home, STORY.events)
    damage_the_beginning(home)
    with a_process(home) as (ledger, _):
        model = ledger.model(MODEL_ID)
        assert model == STORY.state
        assert model is not None
        ledger.commit(models.rename(model, name="attrition", by=provenance(500)))
    with a_process(home) as (ledger, snapshots):
        renamed = ledger.model(MODEL_ID)
        assert renamed is not None
        assert (renamed.name, renamed.version) == ("attrition", len(STORY.events) + 1)
        kept = snapshots.latest(MODEL_ID)
        assert kept is not None
        snapshots.put(MODEL_ID, kept.model_copy(update={"schema_id": "older"}))
    with a_process(home) as (ledger, _), pytest.raises(UnreadableHistory, match="at version 1"):
        ledger.model(MODEL_ID)


def test_a_store_restored_from_before_the_snapshot_is_believed_and_the_snapshot_replaced(
    tmp_path: Path,
) -> None:
    lost, restored = tmp_path / "lost", tmp_path / "restored"
    lost.mkdir()
    take_snapshots_of(lost, STORY.events)
    restored.mkdir()
    (lost / "operation.db").rename(restored / "operation.db")
    shorter = a_model_with_versions(59)
    with a_process(restored) as (ledger, snapshots):
        ledger.commit(shorter.events)
        taken_before = snapshots.latest(MODEL_ID)
        assert taken_before is not None
        assert taken_before.version >= AT
        assert ledger.model(MODEL_ID) == shorter.state
        snapshotter = Snapshotter(ledger=ledger, snapshots=snapshots, every=60)
        snapshotter.on_page(60, ledger.read(after=59, limit=1))
        snapshotter.start()
        deadline = time.monotonic() + ENOUGH_S
        while snapshots.latest(MODEL_ID) == taken_before:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        snapshotter.stop()
    with a_process(restored) as (ledger, snapshots):
        kept = snapshots.latest(MODEL_ID)
        assert kept is not None
        assert kept.version == 60
        assert ledger.model(MODEL_ID) == shorter.state


def test_a_model_with_a_newer_event_after_its_snapshot_is_refused_as_without(home: Path | str) -> None:
    take_snapshots_of(home, STORY.events)
    with a_process(home) as (ledger, _):
        store_newer_event(ledger, MODEL_ID, version=len(STORY.events) + 1)
        with pytest.raises(UnreadableHistory, match=f"at version {len(STORY.events) + 1}"):
            ledger.model(MODEL_ID)
