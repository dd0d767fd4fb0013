"""`ml-service artifacts`, on a data directory."""

import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from interfaces.cli.artifacts import artifact_commands
from interfaces.collecting import ArtifactCollection
from interfaces.settings import Settings
from tests.infrastructure.backup.homes import DataHome

LONG_AGO = 1_700_000_000


def _collection(home: Path | None, database_url: str | None, artifacts: str | None) -> ArtifactCollection:
    given = {"home": home, "database_url": database_url, "artifacts": artifacts}
    return ArtifactCollection(Settings(**{name: value for name, value in given.items() if value is not None}))


def run(*arguments: object) -> Result:
    app = typer.Typer()
    app.add_typer(artifact_commands(_collection), name="artifacts")
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def a_home(tmp_path: Path) -> DataHome:
    """With one artifact that nothing refers to, and all of them old."""
    home = DataHome(tmp_path / "home")
    home.path.mkdir()
    used, waste = home.artifacts.put(b"used"), home.artifacts.put(b"waste")
    home.append_failure(f"artifact:{used}")
    for name in (used, waste):
        os.utime(home.artifacts.path(name), (LONG_AGO, LONG_AGO))
    return home


def test_what_nothing_refers_to_is_told_and_then_removed(a_home: DataHome) -> None:
    told = run("artifacts", "collect", "--dry-run", "--home", a_home.path)
    assert told.exit_code == 0, told.output
    assert "  5 bytes, kept 2023-11-14" in told.stdout
    assert told.stdout.splitlines()[-1] == "would remove 1 of 2 artifacts, 0.0 MiB"
    done = run("artifacts", "collect", "--older-than", "90m", "--home", a_home.path)
    assert (done.exit_code, done.stdout) == (0, "removed 1 of 2 artifacts, 0.0 MiB\n")
    assert list(a_home.artifact_files().values()) == [b"used"]


def test_an_event_that_cannot_be_read_is_a_finding_and_nothing_is_removed(a_home: DataHome) -> None:
    a_home.append(b"{}", topic="of-a-newer-program.v1")
    done = run("artifacts", "collect", "--home", a_home.path)
    assert done.exit_code == 1
    assert done.stdout.startswith("position 2: the event cannot be read by this program")
    assert len(a_home.artifact_files()) == 2


@pytest.mark.parametrize("given", ["7", "1w", "-1d", "59m", "0h", ""])
def test_an_age_that_is_none_or_too_short_is_refused(a_home: DataHome, given: str) -> None:
    done = run("artifacts", "collect", f"--older-than={given}", "--home", a_home.path)
    assert (done.exit_code, "--older-than" in done.stderr) == (2, True)


def test_artifacts_of_another_log_are_refused(a_home: DataHome, tmp_path: Path) -> None:
    other = DataHome(tmp_path / "other")
    other.path.mkdir()
    other.append_failure("artifact:" + "ab" * 32)
    done = run("artifacts", "collect", "--home", other.path, "--artifacts", a_home.path / "artifacts")
    assert (done.exit_code, "--artifacts" in done.stderr) == (2, True)
    assert len(a_home.artifact_files()) == 2
