"""`ml-service rebuild`: what it prints, and how it ends."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
from typer.testing import CliRunner, Result

from application.ledger import Ledger
from interfaces.cli.progress_bars import OnStep
from interfaces.cli.rebuild import RebuiltReadModels, add_rebuild_command
from interfaces.rebuilding import rebuild_read_models
from interfaces.settings import Settings
from interfaces.stores import event_environment
from tests.support.events import model_registered, model_renamed, version_registered


def settings_of(home: Path | None, database_url: str | None) -> Settings:
    given: dict[str, Any] = {"home": home, "database_url": database_url}
    return Settings(**{name: value for name, value in given.items() if value is not None})


def _rebuild(
    home: Path | None, database_url: str | None, *, accept_differences: bool, on_step: OnStep
) -> RebuiltReadModels:
    settings = settings_of(home, database_url)
    return rebuild_read_models(settings, accept_differences=accept_differences, on_step=on_step)


def run(settings: Settings, *flags: str) -> Result:
    app = typer.Typer()
    add_rebuild_command(app, _rebuild)
    place = ["--home", str(settings.home)]
    if settings.database_url is not None:
        place += ["--database-url", settings.database_url.get_secret_value()]
    return CliRunner().invoke(app, [*place, *flags])


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def a_service_of_three_events(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    url = request.getfixturevalue("postgres_url") if request.param == "PostgreSQL" else None
    settings = settings_of(tmp_path, url)
    with Ledger(event_environment(settings)) as ledger:
        ledger.commit(
            [
                model_registered(),
                version_registered(originator_version=2),
                model_renamed(originator_version=3, name="attrition"),
            ]
        )
    return settings


def forge(settings: Settings) -> None:
    statement = "UPDATE {}models SET name = 'forged' WHERE from_position = 3"
    if settings.database_url is not None:
        with psycopg.connect(settings.database_url.get_secret_value()) as server:
            server.execute(statement.format("ml_read_models_1."))
    else:
        with closing(sqlite3.connect(settings.home / "read_models.1.db")) as file:
            file.execute(statement.format(""))
            file.commit()


def test_a_rebuild_says_whether_there_was_anything_to_compare_with(a_service_of_three_events):
    first, second = run(a_service_of_three_events), run(a_service_of_three_events)
    assert (first.exit_code, first.stdout) == (0, "rebuilt: position 3, with none to compare them with\n")
    assert (second.exit_code, second.stdout) == (0, "rebuilt: position 3, the same as those before, row by row\n")


def test_differences_are_told_with_their_positions_and_end_with_1(a_service_of_three_events):
    run(a_service_of_three_events)
    forge(a_service_of_three_events)
    done = run(a_service_of_three_events)
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "not replaced: the read models are not what the log says up to position 3",
        "position 3: models 11111111-1111-4111-8111-111111111111: name is 'forged', from the events 'attrition'",
    ]
    assert run(a_service_of_three_events).stdout == done.stdout


def test_accepted_differences_are_told_too_and_gone_afterwards(a_service_of_three_events):
    run(a_service_of_three_events)
    forge(a_service_of_three_events)
    accepted = run(a_service_of_three_events, "--accept-differences")
    assert accepted.exit_code == 1
    assert accepted.stdout.startswith("rebuilt: position 3, in place of others, which differed\nposition 3: ")
    assert run(a_service_of_three_events).exit_code == 0


def test_without_a_service_it_ends_with_3(tmp_path):
    done = run(settings_of(tmp_path / "none", None))
    assert (done.exit_code, "there is no log" in done.stderr) == (3, True)


def test_a_database_that_is_not_there_ends_with_3_and_keeps_its_password(tmp_path):
    done = run(settings_of(tmp_path, "postgresql://ada:secret@127.0.0.1:1/none"))
    assert done.exit_code == 3
    assert "secret" not in done.output
