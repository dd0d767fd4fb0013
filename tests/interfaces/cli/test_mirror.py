"""`ml-service mirror verify`: what it prints, and how it ends."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from application.ledger import Ledger
from application.ports.relay import Halt, HaltReason
from infrastructure.database_service.past import Past
from infrastructure.database_service.store import SCHEMA
from infrastructure.messaging.parts import Messaging
from infrastructure.messaging.positions import SqlFollowerPositions
from infrastructure.messaging.relay_notes import RelayMemory, RelayNotes
from infrastructure.system.clock import SystemClock
from interfaces.cli.mirror import MirrorReport, VerifiedMirror, mirror_commands
from interfaces.cli.progress_bars import OnStep
from interfaces.database import database_server
from interfaces.home import announced, locked_home
from interfaces.mirror_status import report_mirror
from interfaces.mirror_verification import verify_mirror
from interfaces.neighbours import nats_address, own_nats
from interfaces.settings import Settings
from interfaces.stores import event_environment, operation_database
from tests.support.events import MODEL_ID, model_registered, model_renamed, version_registered
from tests.support.processes import eventually

pytestmark = pytest.mark.slow


def run(settings: Settings, *flags: str, command: str = "verify") -> Result:
    def verify(home: Path | None, database_url: str | None, *, repairs: bool, on_step: OnStep) -> VerifiedMirror:
        assert home == settings.home
        return verify_mirror(settings, repairs=repairs, on_step=on_step)

    app = typer.Typer()
    app.add_typer(mirror_commands(verify, lambda _home, _url: report_mirror(settings)), name="mirror")
    return CliRunner().invoke(app, ["mirror", command, "--home", str(settings.home), *flags])


def a_home(path: Path, **fields: Any) -> Settings:
    """Return the settings of a service that has three events and does not run."""
    settings = Settings(home=path, **fields)
    with Ledger(event_environment(settings)) as ledger:
        ledger.commit(
            [
                model_registered(),
                version_registered(originator_version=2),
                model_renamed(originator_version=3, name="attrition"),
            ]
        )
    return settings


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def a_service_of_three_events(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "SQLite":
        return a_home(tmp_path)
    url = request.getfixturevalue("postgres_url")
    return a_home(tmp_path, database_url=url, database_service_url=url)


def compared(ended: Result) -> list[str]:
    """Return what it printed, but for the place."""
    return [line for line in ended.output.splitlines() if not line.startswith("against ")]


def forge(settings: Settings) -> None:
    """Change a row of the Database Service behind everybody's back."""
    forged = """UPDATE {}models SET document = replace(document, 'attrition', 'forged')"""
    if settings.database_service_url is not None:
        with psycopg.connect(settings.database_service_url.get_secret_value()) as server:
            server.execute(forged.format(f"{SCHEMA}."))
    else:
        with closing(sqlite3.connect(settings.database_service_path)) as connection, connection:
            connection.execute(forged.format(""))


def test_what_was_never_sent_is_sent_and_found_equal(a_service_of_three_events):
    ended = run(a_service_of_three_events)
    assert compared(ended) == ["verified: position 3, 2 rows, the same on both sides"]
    assert ended.exit_code == 0


def test_a_row_that_differs_is_a_finding_and_is_repaired(a_service_of_three_events):
    assert run(a_service_of_three_events).exit_code == 0
    forge(a_service_of_three_events)
    finding = f"position 3: models {MODEL_ID} differs in the Database Service (name)"
    ended = run(a_service_of_three_events, "--no-repair")
    assert compared(ended) == [
        "verified: position 3, 2 rows, 1 of them not the same on both sides",
        finding,
    ]
    assert ended.exit_code == 1
    ended = run(a_service_of_three_events)
    assert compared(ended) == [
        "verified: position 3, 2 rows, 1 of them were not the same on both sides and are repaired",
        finding,
    ]
    assert ended.exit_code == 1
    assert run(a_service_of_three_events).exit_code == 0


def test_what_a_database_service_does_not_take_ends_with_what_to_do():
    left = VerifiedMirror(position=3, rows=2, findings=["position 3: models is ahead"], unrepaired=1, where="it")
    report = MirrorReport(head=3, sent=3, confirmed=3, problems=[])
    app = typer.Typer()
    app.add_typer(mirror_commands(lambda *_, **__: left, lambda *_: report), name="mirror")
    ended = CliRunner().invoke(app, ["mirror", "verify"])
    assert "but for 1, whose repair it does not take: empty the Database Service" in ended.output
    assert ended.exit_code == 1


def test_a_doubt_about_what_the_database_service_has_is_settled_when_both_sides_are_equal(tmp_path):
    settings = a_home(tmp_path)
    assert run(settings).exit_code == 0
    forge(settings)
    with operation_database(settings) as operation, Ledger(event_environment(settings)) as ledger:
        past = Past(log=ledger, positions=SqlFollowerPositions(operation))
        assert past.doubt("Nobody knows", since=past.belief()).doubt is not None
        assert run(settings, "--no-repair").exit_code == 1
        assert past.belief().doubt is not None
        told = run(settings, command="status")
        assert told.output.splitlines() == [
            "position 3 of 3 is sent; NATS does not run, so nobody can say what has arrived",
            past.belief().doubt,
        ]
        assert told.exit_code == 1
        assert run(settings).exit_code == 1
        assert past.belief().doubt is None


@pytest.fixture
def nobody_is_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whoever verifies believe soon that the service which runs sends nothing."""
    monkeypatch.setattr("interfaces.mirror_verification._PATIENCE_S", 1.0)


@contextmanager
def running(settings: Settings) -> Iterator[None]:
    """Hold the data directory as a service does that runs, with NATS and a Database Service."""
    with ExitStack() as resources:
        resources.enter_context(locked_home(settings))
        nats = resources.enter_context(own_nats(settings))
        assert nats is None or nats.wait_ready(20)
        server = resources.enter_context(database_server(settings))
        messaging = Messaging(address=nats_address(settings), name="database", parts=[server], clock=SystemClock())
        messaging.start()
        resources.callback(messaging.stop)
        yield


@pytest.mark.usefixtures("nobody_is_waited_for_long")
def test_a_service_that_runs_is_verified_where_it_is(tmp_path):
    settings = a_home(tmp_path)
    with running(settings):
        ended = run(settings)
    assert [line.partition(": ")[0] for line in compared(ended)] == [
        "verified",
        "position 3",
        "position 2",
    ]
    assert "are repaired" in ended.output
    assert re.search(r"\nagainst .* on nats://127\.0\.0\.1:\d+, where the service runs\n", ended.output)


def test_two_database_services_on_one_nats_are_told_of(tmp_path, nats_server):
    settings = a_home(tmp_path, nats_url=nats_server.url)
    another = Settings(home=tmp_path / "another", nats_url=nats_server.url)
    with running(settings):
        assert eventually(lambda: run(settings, command="status").exit_code == 0)
        with running(another):
            ended = run(settings, command="status")
    assert ended.output.splitlines()[0] == "position 0 of 3 has arrived, 0 is sent"
    assert "several Database Services with rows of their own are on this NATS" in ended.output
    assert ended.exit_code == 1


@pytest.mark.usefixtures("nobody_is_waited_for_long")
def test_a_service_that_runs_on_an_outside_nats_is_found_by_its_data_directory(tmp_path, nats_server):
    settings = a_home(tmp_path)
    outside = settings.model_copy(update={"nats_url": SecretStr(nats_server.url)})
    with running(outside), announced(outside, "http://here", nats_url=lambda: nats_server.url):
        ended = run(settings)
    assert f"on nats://127.0.0.1:{nats_server.port}, where the service runs" in ended.output
    assert not settings.nats_home.exists()


def test_it_is_told_which_nats_and_database_service_were_started_for_it(tmp_path):
    settings = a_home(tmp_path)
    assert run(settings).output.splitlines()[1] == (
        f"against the Database Service of {settings.database_service_path} on its own NATS server"
    )


def test_nothing_is_repaired_where_the_stream_tells_of_another_log(tmp_path):
    settings = a_home(tmp_path)
    assert run(settings).exit_code == 0
    forge(settings)
    halt = Halt(
        reason=HaltReason.STREAM_OF_ANOTHER_LOG, message="It is another's.", sequence=1, position=0, choices=()
    )
    with operation_database(settings) as operation:
        RelayMemory(SqlFollowerPositions(operation)).note(RelayNotes(halt=halt))
    ended = run(settings)
    assert ended.exit_code == 3
    assert "It is another's." in ended.output
    assert "1 of them not the same" in run(settings, "--no-repair").output


def test_a_database_service_url_that_is_none_is_a_misuse(tmp_path):
    ended = run(a_home(tmp_path, database_service_url="sqlite://x"))
    assert ended.exit_code == 2


def test_an_address_that_is_none_is_a_misuse(tmp_path):
    ended = run(a_home(tmp_path, nats_url="http://here"))
    assert ended.exit_code == 2


def test_a_service_without_a_log_is_out_of_reach(tmp_path):
    ended = run(Settings(home=tmp_path))
    assert ended.exit_code == 3
    assert not (tmp_path / "nats").exists()


def test_nats_that_does_not_answer_is_out_of_reach(tmp_path):
    ended = run(a_home(tmp_path, nats_url="nats://127.0.0.1:9"))
    assert ended.exit_code == 3
    assert "127.0.0.1:9" in ended.output


def test_an_outside_database_service_that_does_not_answer_is_out_of_reach(tmp_path):
    ended = run(a_home(tmp_path, database_service="outside"))
    assert ended.exit_code == 3
    assert "the Database Service does not answer" in ended.output
    assert not (tmp_path / "database_service.db").exists()
