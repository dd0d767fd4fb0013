from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from application.ports.heartbeats import Heartbeats
from infrastructure.heartbeats import SqlHeartbeats, sqlite_engine
from tests.support.fakes.heartbeats import InMemoryHeartbeats

ONE, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture(params=["memory", "sqlite"])
def no_heartbeats(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Heartbeats]:
    if request.param == "memory":
        yield InMemoryHeartbeats()
        return
    heartbeats = SqlHeartbeats(sqlite_engine(tmp_path / "heart beats?.db"))
    yield heartbeats
    heartbeats.close()


def test_every_beat_moves_the_counter_of_its_attempt_alone(no_heartbeats: Heartbeats) -> None:
    for _ in range(3):
        no_heartbeats.beat(ONE, 1)
    no_heartbeats.beat(ONE, 2)
    no_heartbeats.beat(OTHER, 1)
    assert no_heartbeats.counters() == {(ONE, 1): 3, (ONE, 2): 1, (OTHER, 1): 1}


def test_a_job_that_ended_is_forgotten_with_all_its_attempts(no_heartbeats: Heartbeats) -> None:
    no_heartbeats.beat(ONE, 1)
    no_heartbeats.beat(ONE, 2)
    no_heartbeats.beat(OTHER, 1)
    no_heartbeats.clear(ONE)
    assert no_heartbeats.counters() == {(OTHER, 1): 1}


def test_other_processes_see_the_beats(tmp_path: Path) -> None:
    path = tmp_path / "heartbeats.db"
    worker, watcher = SqlHeartbeats(sqlite_engine(path)), SqlHeartbeats(sqlite_engine(path))
    worker.beat(ONE, 1)
    assert watcher.counters() == {(ONE, 1): 1}
    worker.beat(ONE, 1)
    assert watcher.counters() == {(ONE, 1): 2}
    worker.close()
    watcher.close()
