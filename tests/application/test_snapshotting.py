"""Snapshots are taken after the commit, in a thread of their own, of models whose history has grown."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

import pytest

from application.ledger import Ledger
from application.ports.event_log import Recorded
from application.ports.snapshots import Snapshot
from application.snapshot import from_snapshot
from application.snapshotting import Snapshotter
from domain.kernel import DomainEvent
from tests.domain.histories import MODEL_ID, a_model_with_versions, a_running_job
from tests.support.fakes.snapshots import InMemorySnapshots
from tests.support.newer_program import store_newer_event

ENOUGH_S = 20.0
STORY = a_model_with_versions(29)


class SlowSnapshots(InMemorySnapshots):
    """A database that takes its time: until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on = threading.Event()
        self.puts = 0

    def put(self, stream_id: UUID, snapshot: Snapshot) -> None:
        self.puts += 1
        assert self.may_go_on.wait(ENOUGH_S)
        super().put(stream_id, snapshot)


class FullOnce(InMemorySnapshots):
    """A disk that has room from the second time on."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 0

    def put(self, stream_id: UUID, snapshot: Snapshot) -> None:
        if self.failures == 0:
            self.failures += 1
            raise OSError("no space left on device")
        super().put(stream_id, snapshot)


def pages(events: Sequence[DomainEvent]) -> list[Recorded]:
    return [Recorded(position=place, event=event) for place, event in enumerate(events, start=1)]


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + ENOUGH_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def a_long_ledger(an_empty_ledger: Ledger) -> Ledger:
    an_empty_ledger.commit(STORY.events)
    return an_empty_ledger


@pytest.fixture
def snapshots() -> InMemorySnapshots:
    return InMemorySnapshots()


@pytest.fixture
def a_snapshotter(a_long_ledger: Ledger, snapshots: InMemorySnapshots) -> Iterator[Snapshotter]:
    snapshotter = Snapshotter(ledger=a_long_ledger, snapshots=snapshots, every=10)
    snapshotter.start()
    yield snapshotter
    snapshotter.stop()


def test_a_model_that_passed_a_multiple_of_so_many_events_gets_a_snapshot_as_it_is_now(
    a_snapshotter: Snapshotter, snapshots: InMemorySnapshots
) -> None:
    a_snapshotter.on_page(20, pages(STORY.events[15:20]))
    wait_for(lambda: snapshots.latest(MODEL_ID))
    taken = snapshots.latest(MODEL_ID)
    assert taken is not None
    assert taken.version == 30
    remembered = from_snapshot(taken)
    assert remembered is not None
    assert remembered.model == STORY.state
    assert remembered.last_event_id == STORY.events[-1].event_id


def test_nothing_is_taken_of_other_streams_nor_between(
    a_snapshotter: Snapshotter, snapshots: InMemorySnapshots
) -> None:
    job = a_running_job().events[0].model_copy(update={"originator_version": 20})
    a_snapshotter.on_page(9, [*pages(STORY.events[:9]), Recorded(position=10, event=job)])
    assert a_snapshotter._due == {}
    a_snapshotter.on_page(0, [])


def test_a_page_is_taken_note_of_at_once_and_a_model_once_whatever_its_pages(a_long_ledger: Ledger) -> None:
    snapshots = SlowSnapshots()
    snapshotter = Snapshotter(ledger=a_long_ledger, snapshots=snapshots, every=10)
    snapshotter.start()
    snapshotter.start()
    snapshotter.on_page(30, pages(STORY.events))
    wait_for(lambda: snapshots.puts)
    for _ in range(100):
        snapshotter.on_page(30, pages(STORY.events))
    snapshots.may_go_on.set()
    wait_for(lambda: snapshots.puts == 2)
    snapshotter.stop()
    snapshotter.stop()
    assert snapshots.puts == 2


def test_an_error_is_logged_and_the_next_model_has_its_turn(
    a_long_ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    snapshots = FullOnce()
    snapshotter = Snapshotter(ledger=a_long_ledger, snapshots=snapshots, every=10)
    snapshotter.start()
    with caplog.at_level(logging.ERROR, logger="application.snapshotting"):
        snapshotter.on_page(30, pages(STORY.events))
        wait_for(lambda: "no space left on device" in caplog.text)
    snapshotter.on_page(30, pages(STORY.events))
    wait_for(lambda: snapshots.latest(MODEL_ID))
    snapshotter.stop()


def test_no_snapshot_is_taken_of_what_cannot_be_read(
    a_long_ledger: Ledger, snapshots: InMemorySnapshots, caplog: pytest.LogCaptureFixture
) -> None:
    store_newer_event(a_long_ledger, MODEL_ID, version=31)
    snapshotter = Snapshotter(ledger=a_long_ledger, snapshots=snapshots, every=10)
    snapshotter.start()
    with caplog.at_level(logging.INFO, logger="application.snapshotting"):
        snapshotter.on_page(30, pages(STORY.events))
        wait_for(lambda: "cannot read" in caplog.text)
    snapshotter.stop()
    assert snapshots.latest(MODEL_ID) is None


def test_it_can_begin_again_after_its_end(a_long_ledger: Ledger, snapshots: InMemorySnapshots) -> None:
    snapshotter = Snapshotter(ledger=a_long_ledger, snapshots=snapshots, every=10)
    snapshotter.stop()
    snapshotter.on_page(30, pages(STORY.events))
    snapshotter.start()
    wait_for(lambda: snapshots.latest(MODEL_ID))
    snapshotter.stop()
