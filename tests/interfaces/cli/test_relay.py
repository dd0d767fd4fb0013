"""`ml-service relay`: what it prints, how it ends, and what it leaves for the relay."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import typer
from typer.testing import CliRunner, Result

from application.ledger import Ledger
from application.ports.relay import Choice, Halt, HaltReason
from infrastructure.messaging.positions import SqlFollowerPositions
from infrastructure.messaging.relay_notes import RelayMemory, RelayNotes
from interfaces.cli.relay import relay_commands
from interfaces.relaying import ServiceRelay
from interfaces.settings import Settings
from interfaces.stores import event_environment, operation_database
from tests.support.events import model_registered

STREAM_HALT = Halt(
    reason=HaltReason.STREAM_EMPTIED,
    message="Somebody emptied it.",
    sequence=7,
    position=0,
    choices=(Choice.FROM_BEGINNING, Choice.FROM_NOW),
)
STRANGER_HALT = Halt(
    reason=HaltReason.STREAM_WRITTEN_BY_STRANGER,
    message="Somebody wrote into it.",
    sequence=7,
    position=0,
    choices=(Choice.FROM_LAST, Choice.FROM_BEGINNING, Choice.FROM_NOW),
    last=1,
)
EVENT_HALT = Halt(
    reason=HaltReason.EVENT_UNREADABLE,
    message="Nobody can read it.",
    sequence=7,
    position=2,
    choices=(Choice.SKIP,),
)


def settings_of(home: Path | None, database_url: str | None) -> Settings:
    given: dict[str, Any] = {"home": home, "database_url": database_url}
    return Settings(**{name: value for name, value in given.items() if value is not None})


def run(settings: Settings, command: str, *flags: str) -> Result:
    app = typer.Typer()
    app.add_typer(relay_commands(lambda home, url: ServiceRelay(settings_of(home, url))), name="relay")
    place = ["--home", str(settings.home)]
    if settings.database_url is not None:
        place += ["--database-url", settings.database_url.get_secret_value()]
    return CliRunner().invoke(app, ["relay", command, *place, *flags])


@contextmanager
def memory_of(settings: Settings) -> Iterator[RelayMemory]:
    with operation_database(settings) as operation:
        yield RelayMemory(SqlFollowerPositions(operation))


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def a_service_of_three_events(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    url = request.getfixturevalue("postgres_url") if request.param == "PostgreSQL" else None
    settings = settings_of(tmp_path, url)
    with Ledger(event_environment(settings)) as ledger:
        ledger.commit([model_registered(originator_id=UUID(int=n), event_id=UUID(int=n)) for n in range(3)])
    return settings


def test_a_relay_that_never_ran_has_published_nothing(a_service_of_three_events: Settings) -> None:
    ended = run(a_service_of_three_events, "status")
    assert (ended.exit_code, ended.stdout) == (0, "nothing is published yet, of 3 events\n")


@pytest.mark.parametrize(("position", "said"), [(3, "position 3, up to date\n"), (1, "position 1, 2 behind\n")])
def test_it_is_told_how_far_the_relay_was(a_service_of_three_events: Settings, position: int, said: str) -> None:
    with memory_of(a_service_of_three_events) as memory:
        memory.note(RelayNotes(position=position))
    ended = run(a_service_of_three_events, "status")
    assert (ended.exit_code, ended.stdout) == (0, said)


@pytest.mark.parametrize(
    ("halt", "said"), [(STREAM_HALT, "Somebody emptied it."), (EVENT_HALT, "position 2: Nobody can read it.")]
)
def test_a_relay_that_waits_is_a_finding(a_service_of_three_events: Settings, halt: Halt, said: str) -> None:
    with memory_of(a_service_of_three_events) as memory:
        memory.note(RelayNotes(position=1, halt=halt))
    ended = run(a_service_of_three_events, "status")
    assert (ended.exit_code, ended.stdout) == (1, f"position 1, 2 behind\n{said}\n")


def test_a_relay_that_fails_is_a_finding(a_service_of_three_events: Settings) -> None:
    with memory_of(a_service_of_three_events) as memory:
        memory.note(RelayNotes(position=3, error="StreamUnavailable: there is no JetStream"))
    ended = run(a_service_of_three_events, "status")
    said = "position 3, up to date\nnot publishing: StreamUnavailable: there is no JetStream\n"
    assert (ended.exit_code, ended.stdout) == (1, said)


@pytest.mark.parametrize(
    ("halt", "flag", "position"),
    [
        (STREAM_HALT, "--from-beginning", 0),
        (STREAM_HALT, "--from-now", 3),
        (STRANGER_HALT, "--from-last", 1),
        (EVENT_HALT, "--skip", 2),
    ],
)
def test_what_is_chosen_is_there_for_the_relay(
    a_service_of_three_events: Settings, halt: Halt, flag: str, position: int
) -> None:
    with memory_of(a_service_of_three_events) as memory:
        memory.note(RelayNotes(halt=halt))
        assert run(a_service_of_three_events, "continue", flag).exit_code == 0
        chosen = memory.chosen(halt)
    assert chosen is not None
    assert chosen.position == position


@pytest.mark.parametrize(
    ("halt", "flags", "said"),
    [
        (None, ["--from-now"], "does not wait"),
        (STREAM_HALT, ["--skip"], "--from-beginning or --from-now"),
        (STREAM_HALT, ["--from-last"], "--from-beginning or --from-now"),
        (EVENT_HALT, ["--from-beginning"], "--skip"),
        (STREAM_HALT, [], "choose one"),
        (STREAM_HALT, ["--from-now", "--from-beginning"], "choose one"),
    ],
)
def test_what_answers_nothing_is_not_chosen(
    a_service_of_three_events: Settings, halt: Halt | None, flags: list[str], said: str
) -> None:
    with memory_of(a_service_of_three_events) as memory:
        memory.note(RelayNotes(halt=halt))
    ended = run(a_service_of_three_events, "continue", *flags)
    assert ended.exit_code == 2
    assert said in ended.stderr


def test_where_there_is_no_service_there_is_no_relay(tmp_path: Path) -> None:
    ended = run(settings_of(tmp_path / "nothing", None), "status")
    assert ended.exit_code == 3
    assert not (tmp_path / "nothing").exists()
