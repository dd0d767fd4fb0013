import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from application.ports.snapshots import Snapshot, Snapshots
from infrastructure.snapshots import SqlSnapshots
from tests.support.fakes.snapshots import InMemorySnapshots
from tests.support.operation import operation_database

ONE, OTHER = UUID(int=1), UUID(int=2)
STATE = bytes(range(256)) * 2_000


def a_snapshot(version: int = 100, *, schema_id: str = "1", state: bytes = STATE) -> Snapshot:
    return Snapshot(version=version, schema_id=schema_id, state=state)


def database(kind: str, request: pytest.FixtureRequest) -> str | Path:
    if kind == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    directory: Path = request.getfixturevalue("tmp_path")
    return directory / "snap shots?.db"


@pytest.fixture(params=["sqlite", "postgres"])
def a_database(request: pytest.FixtureRequest) -> str | Path:
    return database(request.param, request)


@pytest.fixture
def no_stored_snapshots(a_database: str | Path) -> Iterator[SqlSnapshots]:
    with operation_database(a_database) as operation:
        yield SqlSnapshots(operation)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def no_snapshots(request: pytest.FixtureRequest) -> Iterator[Snapshots]:
    if request.param == "memory":
        yield InMemorySnapshots()
        return
    with operation_database(database(request.param, request)) as operation:
        yield SqlSnapshots(operation)


def test_there_is_none_before_one_was_put(no_snapshots: Snapshots) -> None:
    no_snapshots.put(OTHER, a_snapshot())
    assert no_snapshots.latest(ONE) is None


@pytest.mark.parametrize("state", [b"", b"\0", STATE], ids=["empty", "a null byte", "half a megabyte"])
def test_it_is_read_as_it_was_put(no_snapshots: Snapshots, state: bytes) -> None:
    no_snapshots.put(ONE, a_snapshot(state=state))
    assert no_snapshots.latest(ONE) == a_snapshot(state=state)


def test_the_one_put_last_counts_also_when_it_is_of_fewer_events(no_snapshots: Snapshots) -> None:
    no_snapshots.put(ONE, a_snapshot(200))
    no_snapshots.put(ONE, a_snapshot(100, schema_id="2", state=b"after a restore"))
    assert no_snapshots.latest(ONE) == a_snapshot(100, schema_id="2", state=b"after a restore")


@pytest.mark.parametrize(
    "damage",
    [
        "state = substr(state, 2)",
        "digest = state",
        "version = version + 1",
        "schema_id = '2'",
        "stream_id = '00000000-0000-0000-0000-000000000001'",
    ],
)
def test_a_damaged_one_is_none_until_it_is_replaced(no_stored_snapshots: SqlSnapshots, damage: str) -> None:
    no_stored_snapshots.put(OTHER, a_snapshot())
    with no_stored_snapshots._engine.begin() as connection:
        schema = "ml_operation." if connection.dialect.name == "postgresql" else ""
        connection.execute(text(f"UPDATE {schema}snapshots SET {damage}"))
    damaged = ONE if "stream_id" in damage else OTHER
    assert no_stored_snapshots.latest(damaged) is None
    no_stored_snapshots.put(damaged, a_snapshot())
    assert no_stored_snapshots.latest(damaged) == a_snapshot()


@pytest.mark.parametrize("damage", ["state = 'text'", "version = 'many'", "schema_id = x'31'", "digest = 5"])
def test_a_value_of_another_type_is_damage(tmp_path: Path, damage: str) -> None:
    with operation_database(tmp_path / "snapshots.db") as operation:
        snapshots = SqlSnapshots(operation)
        snapshots.put(ONE, a_snapshot())
        with operation.begin() as connection:
            connection.execute(text(f"UPDATE snapshots SET {damage}"))
        assert snapshots.latest(ONE) is None


def test_other_processes_see_it(a_database: str | Path) -> None:
    with operation_database(a_database) as one, operation_database(a_database) as other:
        SqlSnapshots(one).put(ONE, a_snapshot())
        assert SqlSnapshots(other).latest(ONE) == a_snapshot()


def test_many_that_begin_at_once_share_one_table(a_database: str | Path) -> None:
    together = threading.Barrier(8)
    failures: list[BaseException] = []

    def begin(number: int) -> None:
        try:
            together.wait()
            with operation_database(a_database) as operation:
                SqlSnapshots(operation).put(ONE, a_snapshot(number))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with operation_database(a_database) as operation:
        assert SqlSnapshots(operation).latest(ONE) in [a_snapshot(number) for number in range(8)]
