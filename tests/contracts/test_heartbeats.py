from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from uuid import UUID

import pytest

from application.ports.heartbeats import Heartbeats
from infrastructure.heartbeats import SqlHeartbeats
from tests.support.fakes.heartbeats import InMemoryHeartbeats
from tests.support.operation import operation_database

ONE, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    return _database(request, tmp_path)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def no_heartbeats(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Heartbeats]:
    if request.param == "memory":
        yield InMemoryHeartbeats()
        return
    with operation_database(_database(request, tmp_path)) as operation:
        yield SqlHeartbeats(operation)


def _database(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    return tmp_path / "heart beats?.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


def test_every_beat_moves_the_counter_of_its_attempt_alone(no_heartbeats: Heartbeats) -> None:
    for _ in range(3):
        no_heartbeats.beat(ONE, 1)
    no_heartbeats.beat(ONE, 2)
    no_heartbeats.beat(OTHER, 1)
    assert no_heartbeats.counters() == {(ONE, 1): 3, (ONE, 2): 1, (OTHER, 1): 1}


def test_an_attempt_that_ended_is_forgotten_and_no_other(no_heartbeats: Heartbeats) -> None:
    no_heartbeats.beat(ONE, 1)
    no_heartbeats.beat(ONE, 2)
    no_heartbeats.beat(OTHER, 1)
    no_heartbeats.clear(ONE, 1)
    assert no_heartbeats.counters() == {(ONE, 2): 1, (OTHER, 1): 1}


def test_other_processes_see_the_beats(database: Path | str) -> None:
    with operation_database(database) as one, operation_database(database) as other:
        worker, watcher = SqlHeartbeats(one), SqlHeartbeats(other)
        worker.beat(ONE, 1)
        assert watcher.counters() == {(ONE, 1): 1}
        worker.beat(ONE, 1)
        assert watcher.counters() == {(ONE, 1): 2}


def test_of_beats_at_the_same_moment_none_is_lost(database: Path | str) -> None:
    together = Barrier(8)
    with operation_database(database) as operation, ThreadPoolExecutor(8) as threads:
        heartbeats = SqlHeartbeats(operation)

        def beat(_: int) -> None:
            together.wait()
            for _ in range(5):
                heartbeats.beat(ONE, 1)

        list(threads.map(beat, range(8)))
        assert heartbeats.counters() == {(ONE, 1): 40}


def test_many_that_begin_at_the_same_moment_find_one_table(database: Path | str) -> None:
    together = Barrier(8)

    def beat(number: int) -> None:
        with operation_database(database) as operation:
            together.wait()
            SqlHeartbeats(operation).beat(UUID(int=number), 1)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(beat, range(8)))
    with operation_database(database) as operation:
        assert len(SqlHeartbeats(operation).counters()) == 8
