"""What becomes of the lease when its holder is killed, or the way to it is lost."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from infrastructure import engine_lease
from infrastructure.engine_lease import FileLeadership, PostgresLeadership
from infrastructure.postgres_connection import DatabaseURLInvalid
from tests.support.postgres import PostgresServer
from tests.support.processes import eventually

_HOLDER = """
import sys
from pathlib import Path
from infrastructure.engine_lease import FileLeadership, PostgresLeadership

place = sys.argv[1]
leadership = PostgresLeadership(place) if place.startswith("postgresql:") else FileLeadership(Path(place))
print(leadership.is_held(), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def an_impatient_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_lease, "CHECK_EVERY_S", 0.05)


@pytest.fixture(params=["file", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "engine.lock") if request.param == "file" else request.getfixturevalue("postgres_url")


@pytest.fixture
def a_holder(place: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _HOLDER, place]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()


def candidate(place: str) -> FileLeadership | PostgresLeadership:
    return PostgresLeadership(place) if place.startswith("postgresql:") else FileLeadership(Path(place))


def test_a_killed_holder_is_followed_by_another_process(a_holder: subprocess.Popen[str], place: str) -> None:
    with closing(candidate(place)) as next_one:
        assert not next_one.is_held()
        a_holder.kill()
        assert eventually(next_one.is_held)


def test_processes_that_the_holder_starts_do_not_hold_the_lease_for_it(place: str) -> None:
    with closing(candidate(place)) as holder:
        assert holder.is_held()
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        holder.close()
        with closing(candidate(place)) as next_one:
            assert eventually(next_one.is_held)
        child.communicate(b"\n")


def test_a_lock_file_that_was_replaced_is_locked_by_nobody_but_the_next(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    with closing(FileLeadership(path)) as first, closing(FileLeadership(path)) as second:
        assert first.is_held()
        path.unlink()
        assert second.is_held()
        with closing(FileLeadership(path)) as third:
            assert not third.is_held()


def test_where_no_file_can_be_made_nobody_leads_until_it_can(tmp_path: Path) -> None:
    with closing(FileLeadership(tmp_path / "nowhere" / "engine.lock")) as leadership:
        assert not leadership.is_held()
        (tmp_path / "nowhere").mkdir()
        assert leadership.is_held()


def test_whoever_loses_its_connection_loses_the_lease_to_another(postgres_url: str) -> None:
    with closing(PostgresLeadership(postgres_url)) as first, closing(PostgresLeadership(postgres_url)) as second:
        assert first.is_held()
        assert not second.is_held()
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            )
        assert eventually(second.is_held)
        assert eventually(lambda: not first.is_held())
        assert second.is_held()


def test_services_in_other_databases_of_the_server_have_leases_of_their_own(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    with (
        postgres_server.fresh_database() as another_url,
        closing(PostgresLeadership(postgres_url)) as one,
        closing(PostgresLeadership(another_url)) as another,
    ):
        assert one.is_held()
        assert another.is_held()


def test_without_a_server_nobody_leads_until_it_is_back() -> None:
    with PostgresServer() as server, closing(PostgresLeadership(server.url)) as leadership:
        assert leadership.is_held()
        server.kill()
        assert eventually(lambda: not leadership.is_held())
        server.start()
        assert eventually(leadership.is_held)


def test_a_lease_is_not_asked_for_more_often_than_told(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(PostgresLeadership(postgres_url)) as first, closing(PostgresLeadership(postgres_url)) as second:
        assert first.is_held()
        monkeypatch.setattr(engine_lease, "CHECK_EVERY_S", 3600.0)
        assert not second.is_held()
        first.close()
        assert not second.is_held()


def test_a_url_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(DatabaseURLInvalid):
        PostgresLeadership("engine.lock")
