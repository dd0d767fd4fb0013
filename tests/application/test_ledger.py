"""The ledger begins with a snapshot only where the log confirms it, and never answers otherwise than without."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from application.ledger import Ledger
from application.ports.snapshots import Snapshot
from application.snapshot import SCHEMA_ID, Remembered, to_snapshot
from domain.commands import command_stream_id
from domain.errors import UnreadableHistory
from domain.models import model as models
from domain.models.model import Model
from domain.training.job import TrainingJob
from infrastructure.event_store.settings import sqlite_environment
from tests.domain.histories import MODEL_ID, a_model_with_versions
from tests.support.fakes.snapshots import InMemorySnapshots
from tests.support.given import Given, provenance
from tests.support.newer_program import store_newer_event

STORY = a_model_with_versions(30)
SNAPSHOT_AT = 20


class BrokenSnapshots(InMemorySnapshots):
    """A cache whose database is gone."""

    def latest(self, stream_id: UUID) -> Snapshot | None:
        raise OSError("no space left on device")


def a_snapshot(story: Given, version: int = SNAPSHOT_AT) -> Snapshot:
    until = Given(story.evolve, story.events[:version])
    return to_snapshot(Remembered(model=until.state, last_event_id=until.events[-1].event_id))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


@pytest.fixture
def snapshots() -> InMemorySnapshots:
    return InMemorySnapshots()


@pytest.fixture
def a_stored_model(path: Path) -> Model:
    with Ledger(sqlite_environment(path)) as ledger:
        ledger.commit(STORY.events)
    state: Model = STORY.state
    return state


@pytest.fixture
def a_cold_ledger(path: Path, snapshots: InMemorySnapshots, a_stored_model: Model) -> Iterator[Ledger]:
    with Ledger(sqlite_environment(path), snapshots=snapshots) as ledger:
        yield ledger


def forget_events_before(path: Path, version: int) -> None:
    """Remove the beginning of the stream, to show that it is not read."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM stored_events WHERE originator_version < ?", (version,))


def test_a_model_is_its_snapshot_and_what_came_since(
    path: Path, a_cold_ledger: Ledger, a_stored_model: Model, snapshots: InMemorySnapshots
) -> None:
    snapshots.put(MODEL_ID, a_snapshot(STORY))
    forget_events_before(path, SNAPSHOT_AT)
    assert a_cold_ledger.model(MODEL_ID) == a_stored_model
    assert a_cold_ledger.model(MODEL_ID) is a_cold_ledger.model(MODEL_ID)


def test_a_snapshot_of_the_last_event_is_the_model(
    path: Path, a_cold_ledger: Ledger, a_stored_model: Model, snapshots: InMemorySnapshots
) -> None:
    snapshots.put(MODEL_ID, a_snapshot(STORY, len(STORY.events)))
    forget_events_before(path, len(STORY.events))
    assert a_cold_ledger.model(MODEL_ID) == a_stored_model


def test_decisions_go_on_from_a_snapshot(
    a_cold_ledger: Ledger, a_stored_model: Model, snapshots: InMemorySnapshots
) -> None:
    snapshots.put(MODEL_ID, a_snapshot(STORY))
    model = a_cold_ledger.model(MODEL_ID)
    assert model is not None
    events = models.rename(model, name="attrition", by=provenance(99))
    a_cold_ledger.commit(events)
    assert a_cold_ledger.model(MODEL_ID) == models.evolve(a_stored_model, events[0])


@pytest.mark.parametrize(
    "snapshot",
    [
        pytest.param(Snapshot(version=20, schema_id="other", state=b"?"), id="of another form"),
        pytest.param(Snapshot(version=20, schema_id=SCHEMA_ID, state=b"?"), id="of no form"),
        pytest.param(a_snapshot(a_model_with_versions(40), 40), id="of a log that was longer"),
        pytest.param(
            to_snapshot(Remembered(model=a_model_with_versions(19).state, last_event_id=UUID(int=1))),
            id="of a log in which another command came last",
        ),
        pytest.param(
            to_snapshot(
                Remembered(
                    model=a_model_with_versions(19).state.model_copy(
                        update={"updated_at": provenance(500).timestamp}
                    ),
                    last_event_id=STORY.events[19].event_id,
                )
            ),
            id="of a log in which the same command came at another time",
        ),
        pytest.param(
            to_snapshot(
                Remembered(
                    model=a_model_with_versions(19).state.model_copy(update={"id": UUID(int=9)}),
                    last_event_id=STORY.events[19].event_id,
                )
            ),
            id="of another model",
        ),
    ],
)
def test_a_snapshot_that_the_log_does_not_confirm_is_as_none(
    a_cold_ledger: Ledger, a_stored_model: Model, snapshots: InMemorySnapshots, snapshot: Snapshot
) -> None:
    snapshots.put(MODEL_ID, snapshot)
    assert a_cold_ledger.model(MODEL_ID) == a_stored_model


def test_a_snapshot_of_a_model_that_the_log_never_knew_makes_none(
    a_cold_ledger: Ledger, snapshots: InMemorySnapshots
) -> None:
    snapshots.put(UUID(int=9), a_snapshot(STORY))
    assert a_cold_ledger.model(UUID(int=9)) is None


def test_snapshots_that_cannot_be_read_are_as_none_and_said_so(
    path: Path, a_stored_model: Model, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.WARNING, logger="application.ledger"),
        Ledger(sqlite_environment(path), snapshots=BrokenSnapshots()) as ledger,
    ):
        assert ledger.model(MODEL_ID) == a_stored_model
    assert "no space left on device" in caplog.text


def test_a_model_with_an_event_that_cannot_be_read_is_not_folded(
    a_cold_ledger: Ledger, snapshots: InMemorySnapshots
) -> None:
    assert a_cold_ledger.model(MODEL_ID) == STORY.state
    store_newer_event(a_cold_ledger, MODEL_ID, version=len(STORY.events) + 1)
    for _ in range(2):
        with pytest.raises(UnreadableHistory, match=r"'model\.frozen\.v1' at version 32") as refused:
            a_cold_ledger.model(MODEL_ID)
    assert refused.value.code == "history.unreadable"
    assert refused.value.details["version"] == 32


def test_a_stream_that_begins_with_an_event_that_cannot_be_read_is_no_stream_that_is_not_there(
    a_cold_ledger: Ledger,
) -> None:
    store_newer_event(a_cold_ledger, UUID(int=9), version=1, topic="model.registered.v1", schema=2)
    for read in (a_cold_ledger.model, a_cold_ledger.dataset, partial(a_cold_ledger.job, of=TrainingJob)):
        with pytest.raises(UnreadableHistory, match="at version 1"):
            read(UUID(int=9))


def test_a_record_or_an_event_that_cannot_be_read_is_none_that_is_not_there(a_cold_ledger: Ledger) -> None:
    stream_id = command_stream_id("ann", "key")
    store_newer_event(a_cold_ledger, stream_id, version=1, topic="command.completed.v1", schema=2)
    with pytest.raises(UnreadableHistory):
        a_cold_ledger.completed(stream_id)
    with pytest.raises(UnreadableHistory):
        a_cold_ledger.event(stream_id, 1)


def test_a_stream_is_of_one_kind_also_when_it_was_read_before(a_cold_ledger: Ledger) -> None:
    assert a_cold_ledger.model(MODEL_ID) is not None
    assert (a_cold_ledger.dataset(MODEL_ID), a_cold_ledger.job(MODEL_ID, TrainingJob)) == (None, None)
