from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from application.ports.follower_positions import FollowerPositions
from infrastructure.messaging.positions import SqlFollowerPositions
from tests.support.fakes.follower_positions import InMemoryFollowerPositions
from tests.support.operation import operation_database


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    return _database(request, tmp_path)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def no_positions(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FollowerPositions]:
    if request.param == "memory":
        yield InMemoryFollowerPositions()
        return
    with operation_database(_database(request, tmp_path)) as operation:
        yield SqlFollowerPositions(operation)


def _database(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    return tmp_path / "operation.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


def test_a_follower_that_never_was_has_no_position_and_no_notes(no_positions: FollowerPositions) -> None:
    assert no_positions.get("relay") is None
    assert no_positions.notes("relay") is None


def test_each_follower_finds_what_it_noted_last(no_positions: FollowerPositions) -> None:
    for position in (1, 2**62, 7):
        no_positions.set("relay", position)
    no_positions.set("mirror", 3)
    no_positions.note("mirror", "{}")
    no_positions.note("mirror", '{"é": "何"}')
    assert (no_positions.get("relay"), no_positions.notes("relay")) == (7, None)
    assert (no_positions.get("mirror"), no_positions.notes("mirror")) == (3, '{"é": "何"}')


def test_notes_can_be_taken_back_while_the_position_stays(no_positions: FollowerPositions) -> None:
    no_positions.set("relay", 5)
    no_positions.note("relay", "something")
    no_positions.note("relay", None)
    assert (no_positions.get("relay"), no_positions.notes("relay")) == (5, None)


def test_notes_without_a_position_are_no_position(no_positions: FollowerPositions) -> None:
    no_positions.note("relay.choice", "something")
    assert no_positions.get("relay.choice") is None


def test_other_processes_find_the_same(database: Path | str) -> None:
    with operation_database(database) as here, operation_database(database) as there:
        one, other = SqlFollowerPositions(here), SqlFollowerPositions(there)
        one.set("relay", 5)
        other.note("relay", "something")
        assert (one.get("relay"), one.notes("relay")) == (5, "something")


def test_many_that_begin_at_the_same_moment_find_one_table(database: Path | str) -> None:
    together = Barrier(4)

    def note(number: int) -> None:
        with operation_database(database) as operation:
            together.wait()
            SqlFollowerPositions(operation).set(f"follower-{number}", number)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(note, range(4)))
    with operation_database(database) as operation:
        positions = SqlFollowerPositions(operation)
        assert [positions.get(f"follower-{number}") for number in range(4)] == [0, 1, 2, 3]
