"""Commands that look after a service's data: what they print, and how they end."""

import gzip
import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from interfaces.cli.audit import audit_commands
from interfaces.cli.backup import add_backup_commands
from interfaces.maintenance import ServiceMaintenance
from interfaces.settings import Settings
from tests.infrastructure.backup.homes import DataHome
from tests.interfaces.cli.commands import ML_SERVICE, run_on_terminal, started


def _maintenance(
    home: Path | None, database_url: str | None, *, artifacts: Path | None = None
) -> ServiceMaintenance:
    given = {"home": home, "database_url": database_url, "artifacts": artifacts}
    return ServiceMaintenance(Settings(**{name: value for name, value in given.items() if value is not None}))


def run(*arguments: object) -> Result:
    app = typer.Typer()
    app.add_typer(audit_commands(_maintenance), name="audit")
    add_backup_commands(app, _maintenance)
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture(params=["sqlite", "postgres"])
def a_home(request: pytest.FixtureRequest, tmp_path: Path) -> DataHome:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    home = DataHome(tmp_path / "home", url)
    home.fill()
    return home


def place(home: DataHome) -> list[object]:
    return ["--home", home.path, *(["--database-url", home.database_url] if home.database_url else [])]


def test_a_sound_log_ends_well_and_says_whose_word_it_took(a_home: DataHome) -> None:
    done = run("audit", "verify", *place(a_home))
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("verified: 4 events, head ")
    (key,) = a_home.files.trusted_keys()
    assert f"held against 1 checkpoint of public key {key.hex()}" in done.stdout
    assert "because the data directory holds it" in done.stdout
    assert done.stdout.endswith("newest signed position 4 of 4\n")
    named = run("audit", "verify", "--public-key", key.hex(), *place(a_home))
    assert "named by you" in named.stdout


def test_a_verification_says_how_far_signatures_reach(a_home: DataHome, tmp_path: Path) -> None:
    a_home.append(b"{}", b"{}")
    run("audit", "export", tmp_path / "log.jsonl", *place(a_home))
    reach = "newest signed position 4 of 6: what came after could have been cut off or rewritten unseen\n"
    for arguments in (place(a_home), [tmp_path / "log.jsonl"]):
        assert run("audit", "verify", *arguments).stdout.endswith(reach)


def test_a_new_key_is_told_and_the_one_before_can_be_named(a_home: DataHome) -> None:
    (former,) = a_home.files.trusted_keys()
    (a_home.path / "checkpoint-key.pem").unlink()
    signed = run("audit", "checkpoint", *place(a_home))
    assert f"a new key begins: what {former.hex()} has signed" in signed.stdout
    assert "a new key" not in run("audit", "checkpoint", *place(a_home)).stdout
    done = run("audit", "verify", "--public-key", former.hex(), *place(a_home))
    assert done.exit_code == 0
    assert "1 checkpoint of other keys did not count" in done.stdout


def test_a_file_that_is_no_log_ends_with_2(tmp_path: Path) -> None:
    for file in ("/etc/passwd", "/dev/null"):
        done = run("audit", "verify", file)
        assert (done.exit_code, f"{file} is no exported log" in done.stderr) == (2, True), done.output


def test_a_finding_is_printed_with_its_position_and_ends_with_1(tmp_path: Path) -> None:
    home = DataHome(tmp_path / "home")
    home.fill()
    lines = (home.path / "checkpoints.jsonl").read_bytes()
    (home.path / "checkpoints.jsonl").write_bytes(lines.replace(b'"position":4', b'"position":3'))
    done = run("audit", "verify", *place(home))
    assert done.exit_code == 1
    assert done.stdout.startswith("position 3: ")


def test_no_log_ends_with_3(tmp_path: Path) -> None:
    for command in (("audit", "verify"), ("audit", "export"), ("audit", "checkpoint"), ("backup", tmp_path / "b")):
        done = run(*command, "--home", tmp_path / "none")
        assert (done.exit_code, "there is no log" in done.stderr) == (3, True), done.output
    assert not (tmp_path / "b").exists()
    away = "postgresql://ada:secret@127.0.0.1:1/none"
    done = run("audit", "verify", "--home", tmp_path, "--database-url", away)
    assert done.exit_code == 3
    assert "secret" not in done.output


def test_a_key_that_is_none_ends_with_2(a_home: DataHome) -> None:
    assert run("audit", "verify", "--public-key", "zz", *place(a_home)).exit_code == 2
    assert run("audit", "verify", "--nonsense").exit_code == 2


def test_an_export_is_verified_with_no_service_and_no_database(a_home: DataHome, tmp_path: Path) -> None:
    for name in ("log.jsonl", "log.jsonl.gz"):
        file = tmp_path / name
        assert run("audit", "export", file, *place(a_home)).exit_code == 0
        done = run("audit", "verify", file, "--home", tmp_path / "none")
        assert done.exit_code == 0, done.output
        assert "because the file names it" in done.stdout
    assert gzip.decompress((tmp_path / "log.jsonl.gz").read_bytes()).startswith(b'{"format":"ml-service-log"')
    printed = run("audit", "export", *place(a_home))
    assert [*json.loads(printed.stdout_bytes.splitlines()[-1])] == ["end"]


def test_an_edited_export_names_position_and_line(a_home: DataHome, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    run("audit", "export", file, *place(a_home))
    file.write_bytes(file.read_bytes().replace(b"artifact_url", b"artifact-url"))
    done = run("audit", "verify", file)
    assert done.exit_code == 1
    assert done.stdout.startswith("position 2: ")


def test_an_export_that_fails_leaves_no_file(tmp_path: Path) -> None:
    home = DataHome(tmp_path / "home")
    home.fill()
    (home.path / "checkpoints.jsonl").write_bytes(b"{}\n")
    assert run("audit", "export", tmp_path / "log.jsonl", *place(home)).exit_code == 1
    assert run("audit", "export", tmp_path / "none" / "log.jsonl", *place(home)).exit_code == 3
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_checkpoint_prints_the_key_to_give_away(a_home: DataHome) -> None:
    done = run("audit", "checkpoint", *place(a_home))
    assert done.exit_code == 0
    (key,) = a_home.files.trusted_keys()
    assert done.stdout.splitlines()[-1] == f"public key: {key.hex()}"
    assert "position 4" in done.stdout


def test_a_service_is_backed_up_and_restored(a_home: DataHome, tmp_path: Path) -> None:
    done = run("backup", tmp_path / "backup", *place(a_home))
    assert done.exit_code == 0, done.output
    restored = DataHome(tmp_path / "restored")
    done = run("restore", tmp_path / "backup", *place(restored))
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("restored: 4 events")
    assert restored.rows() == a_home.rows()
    assert run("audit", "verify", *place(restored)).exit_code == 0


def test_what_is_there_is_written_over_by_neither(a_home: DataHome, tmp_path: Path) -> None:
    assert run("backup", tmp_path / "backup", *place(a_home)).exit_code == 0
    assert run("backup", tmp_path / "backup", *place(a_home)).exit_code == 2
    assert run("restore", tmp_path / "backup", *place(a_home)).exit_code == 2


def test_a_missing_artifact_is_named_and_the_rest_is_backed_up(tmp_path: Path) -> None:
    home = DataHome(tmp_path / "home")
    home.fill()
    (name,) = [name for name, content in home.artifact_files().items() if content.startswith(b"a,b")]
    home.artifacts.path(name).unlink()
    done = run("backup", tmp_path / "backup", *place(home))
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1].startswith(f"position 1: artifact:{name} is missing")
    restored = run("restore", tmp_path / "backup", "--home", tmp_path / "restored")
    assert restored.exit_code == 1
    assert restored.stdout.startswith("restored: 4 events")
    assert restored.stdout.splitlines()[-1] == done.stdout.splitlines()[-1]
    assert run("audit", "verify", "--home", tmp_path / "restored").exit_code == 0


def test_artifacts_that_are_elsewhere_are_backed_up_and_restored_where_they_are_said_to_be(
    a_home: DataHome, tmp_path: Path
) -> None:
    files = a_home.artifact_files()
    elsewhere = tmp_path / "shared" / "models"
    elsewhere.parent.mkdir()
    (a_home.path / "artifacts").rename(elsewhere)
    done = run("backup", tmp_path / "backup", *place(a_home))
    assert done.exit_code == 2
    assert "events name 3 artifacts, from position 1 on, and there is no directory" in done.stderr
    assert "--artifacts" in done.stderr
    assert not (tmp_path / "backup").exists()
    assert run("backup", tmp_path / "backup", "--artifacts", elsewhere, *place(a_home)).exit_code == 0
    restored = DataHome(tmp_path / "restored")
    again = ["restore", tmp_path / "backup", *place(restored), "--artifacts"]
    refused = run(*again, elsewhere)
    assert (refused.exit_code, f"{elsewhere} is not empty" in refused.stderr) == (2, True)
    assert run(*again, tmp_path / "other").exit_code == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "other").glob("??/*")} == files
    assert not (restored.path / "artifacts").exists()
    assert {path.name for path in (tmp_path / "other").iterdir()} == {name[:2] for name in files}


def test_a_damaged_backup_ends_with_1_and_one_that_is_not_there_with_3(tmp_path: Path) -> None:
    home = DataHome(tmp_path / "home")
    home.fill()
    run("backup", tmp_path / "backup", *place(home))
    (tmp_path / "backup" / "manifest.json").unlink()
    assert run("restore", tmp_path / "backup", "--home", tmp_path / "restored").exit_code == 1
    assert run("restore", tmp_path / "none", "--home", tmp_path / "restored").exit_code == 3


def test_progress_is_shown_to_people_and_the_result_stays(a_home: DataHome) -> None:
    done = run_on_terminal("audit", "verify", *map(str, place(a_home)))
    assert done.status == 0
    assert "4/4" in done.out
    assert "verified: 4 events" in done.out


def test_whoever_stops_reading_an_export_sees_no_complaint(tmp_path: Path) -> None:
    home = DataHome(tmp_path / "home")
    home.path.mkdir()
    home.append(*(b"x" * 1_000 for _ in range(2_000)))
    with started("audit", "export", "--home", str(home.path)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(30) != 0
        assert process.stderr.read() == b""


def test_a_disk_that_is_full_is_told_and_leaves_no_backup(tmp_path: Path) -> None:
    home = DataHome(tmp_path / "home")
    home.fill()
    home.artifacts.put(os.urandom(200_000))
    for command, target in (("backup", tmp_path / "backup"), ("restore", tmp_path / "restored")):
        if command == "restore":
            home.back_up(tmp_path / "whole")
        arguments = ["backup", str(target), "--home", str(home.path)]
        if command == "restore":
            arguments = ["restore", str(tmp_path / "whole"), "--home", str(target)]
        limited = f"ulimit -f 100; exec {shlex.join([*ML_SERVICE, *arguments])}"
        done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, check=False)
        assert done.returncode == 3, done
        assert "File too large" in done.stderr
        assert "Traceback" not in done.stderr
        assert not (target / "manifest.json").exists()
        assert not (target / "events.db").exists()
        assert command == "restore" or not target.exists()
