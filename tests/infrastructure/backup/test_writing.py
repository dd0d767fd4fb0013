"""What a backup holds, and what is said of what it cannot hold."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.backup.manifest import LOG, MANIFEST, BackupDamaged, Manifest
from infrastructure.backup.restoring import check
from infrastructure.backup.unfinished import DirectoryNotEmpty, begun
from infrastructure.backup.writing import back_up
from infrastructure.event_store.chain_breaks import ChainBroken
from infrastructure.event_store.log_rows import LogUnreachable
from tests.infrastructure.backup.homes import NOON, DataHome

ROOT = Path(__file__).parents[3]

_BACK_UP_AND_DIE = """
import os, signal, sys
from pathlib import Path
from infrastructure.backup.writing import back_up
from tests.infrastructure.backup.homes import NOON, DataHome

home, what = DataHome(Path(sys.argv[1])), sys.argv[3]

def on_step(step, done, of):
    if step == what:
        os.kill(os.getpid(), signal.SIGKILL)

artifacts = home.artifacts.place
back_up(Path(sys.argv[2]), log=home.log, files=home.files, artifacts=artifacts, at=NOON, on_step=on_step)
"""


def test_a_backup_is_whole_and_says_what_it_holds(a_home: DataHome, tmp_path: Path) -> None:
    manifest = a_home.back_up(tmp_path / "backup")
    assert manifest == Manifest.read(tmp_path / "backup")
    assert (manifest.log.events, len(manifest.artifacts), manifest.missing) == (4, 4, ())
    checked = check(tmp_path / "backup")
    assert checked.verified.head == a_home.verify().head
    assert len(checked.verified.signed.checkpoints) == 1


def test_the_key_that_signs_is_in_no_backup(a_home: DataHome, tmp_path: Path) -> None:
    a_home.back_up(tmp_path / "backup")
    kept = {path.name for path in (tmp_path / "backup").rglob("*") if path.is_file()}
    assert kept == {MANIFEST, LOG, *a_home.artifact_files()}


def test_artifacts_are_copied_and_never_linked(a_home: DataHome, tmp_path: Path) -> None:
    a_home.back_up(tmp_path / "backup")
    for path in (tmp_path / "backup" / "artifacts").glob("??/*"):
        assert path.stat().st_nlink == 1
        assert path.stat().st_mode & 0o222 == 0


def test_a_backup_goes_into_an_empty_directory_only(a_home: DataHome, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    a_home.back_up(tmp_path / "backup")
    with pytest.raises(DirectoryNotEmpty):
        a_home.back_up(tmp_path / "backup")


def test_an_empty_log_is_backed_up(an_empty_home: DataHome, tmp_path: Path) -> None:
    an_empty_home.path.mkdir()
    an_empty_home.append(b"{}")
    assert an_empty_home.back_up(tmp_path / "backup").log.events == 1


def test_no_service_gives_no_backup(an_empty_home: DataHome, tmp_path: Path) -> None:
    with pytest.raises(LogUnreachable):
        an_empty_home.back_up(tmp_path / "new" / "backup")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("beginning", [b"tree", b"a,b", b'{"bo', b'{"no'])
def test_an_artifact_that_is_missing_or_damaged_is_named(tmp_path: Path, beginning: bytes) -> None:
    home = DataHome(tmp_path / "home")
    home.fill()
    (name,) = [name for name, content in home.artifact_files().items() if content.startswith(beginning)]
    path = home.artifacts.path(name)
    path.chmod(0o644)
    path.write_bytes(b"other")
    damaged = home.back_up(tmp_path / "damaged").missing
    path.unlink()
    missing = home.back_up(tmp_path / "missing").missing
    for found, word in ((damaged, "is damaged"), (missing, "is missing")):
        assert [each.sha256 for each in found] == [name]
        assert word in str(found[0].finding)
        assert found[0].position == {b"tree": None, b"a,b": 1, b'{"bo': 2, b'{"no': 2}[beginning]
    check(tmp_path / "missing")


def test_a_log_that_is_not_what_was_written_is_not_backed_up(tmp_path: Path) -> None:
    home = DataHome(tmp_path / "home")
    home.fill()
    (tmp_path / "home" / "checkpoints.jsonl").write_bytes(b"{}\n")
    with pytest.raises(ChainBroken):
        home.back_up(tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def test_what_is_written_meanwhile_has_all_its_artifacts_in_the_backup(a_home: DataHome, tmp_path: Path) -> None:
    stopping = threading.Event()

    def train() -> None:
        artifacts, number = LocalArtifacts(root=a_home.path / "artifacts"), 0
        while not stopping.is_set():
            number += 1
            name = artifacts.put(b"%d" % number)
            a_home.append(b'{"artifact_url":"artifact:%s"}' % name.encode())

    training = threading.Thread(target=train)
    training.start()
    try:
        for number in range(5):
            manifest = a_home.back_up(tmp_path / f"backup-{number}")
            assert manifest.missing == ()
            check(tmp_path / f"backup-{number}")
    finally:
        stopping.set()
        training.join()


def test_progress_is_told_of_events_and_of_artifacts(a_home: DataHome, tmp_path: Path) -> None:
    told: dict[str, tuple[int, int | None]] = {}
    back_up(
        tmp_path / "backup",
        log=a_home.log,
        files=a_home.files,
        artifacts=a_home.artifacts.place,
        at=NOON,
        on_step=lambda what, done, of: told.update({what: (done, of)}),
    )
    assert told == {"events": (4, 4), "artifacts": (4, 4)}


def test_a_manifest_of_another_format_is_refused(a_backup: Path) -> None:
    path = a_backup / MANIFEST
    document = json.loads(path.read_text())
    for changes in ({"format": "other"}, {"version": 2}, {"log": None}, {"artifacts": {"../../etc": 1}}):
        path.write_text(json.dumps(document | changes))
        with pytest.raises(BackupDamaged):
            Manifest.read(a_backup)
    for content in (b"", b"{", b"null", b"\xff"):
        path.write_bytes(content)
        with pytest.raises(BackupDamaged):
            Manifest.read(a_backup)


@pytest.mark.parametrize("what", ["events", "artifacts"])
def test_the_directory_of_a_backup_that_was_killed_is_taken_over(tmp_path: Path, what: str) -> None:
    home, directory = DataHome(tmp_path / "home"), tmp_path / "backup"
    home.fill()
    command = [sys.executable, "-c", _BACK_UP_AND_DIE, str(home.path), str(directory), what]
    killed = subprocess.run(command, cwd=ROOT, check=False, env={**os.environ})
    assert killed.returncode == -signal.SIGKILL
    assert any(directory.iterdir())
    with pytest.raises(BackupDamaged, match="no finished backup"):
        check(directory)
    home.back_up(directory)
    assert check(directory).manifest.log.events == 4
    assert {path.name for path in directory.iterdir()} == {MANIFEST, LOG, "artifacts"}


def test_what_somebody_put_beside_an_unfinished_backup_is_left_alone(tmp_path: Path) -> None:
    home, directory = DataHome(tmp_path / "home"), tmp_path / "backup"
    home.fill()
    directory.mkdir()
    for name in ("unfinished", LOG, "mine"):
        (directory / name).write_text("mine")
    with pytest.raises(DirectoryNotEmpty):
        home.back_up(directory)
    assert {path.name: path.read_text() for path in directory.iterdir()} == dict.fromkeys(
        ("unfinished", LOG, "mine"), "mine"
    )


def test_two_backups_never_share_a_directory(tmp_path: Path) -> None:
    home, directory = DataHome(tmp_path / "home"), tmp_path / "backup"
    home.fill()
    with begun(directory):
        (directory / LOG).write_text("half")
        with pytest.raises(DirectoryNotEmpty, match="another backup is being made"):
            home.back_up(directory)
        assert (directory / LOG).read_text() == "half"


@pytest.mark.parametrize("is_there", [True, False])
def test_a_backup_that_fails_leaves_nothing_in_the_way_of_the_next(tmp_path: Path, is_there: bool) -> None:
    home, directory = DataHome(tmp_path / "home"), tmp_path / "backup"
    home.fill()
    if is_there:
        directory.mkdir()

    def fail(what: str, _done: int, _of: int | None) -> None:
        if what == "artifacts":
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        back_up(directory, log=home.log, files=home.files, artifacts=home.artifacts.place, at=NOON, on_step=fail)
    assert directory.exists() == is_there
    home.back_up(directory)
    check(directory)
