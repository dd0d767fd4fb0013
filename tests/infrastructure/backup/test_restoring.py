"""From a backup to a data directory: all of it as it was, or nothing at all."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.backup.manifest import LOG, MANIFEST, BackupDamaged
from infrastructure.backup.restoring import check, restore
from infrastructure.backup.unfinished import DirectoryNotEmpty
from infrastructure.event_store.chain_breaks import ChainBroken
from infrastructure.event_store.checkpointer import sign_head
from infrastructure.event_store.restoring import StoreNotEmpty
from tests.infrastructure.backup.homes import NOON, DataHome

ROOT = Path(__file__).parents[3]

_RESTORE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.backup.restoring import restore
from tests.infrastructure.backup.homes import DataHome

backup, home, what = Path(sys.argv[1]), DataHome(Path(sys.argv[2]), sys.argv[4] or None), sys.argv[3]
artifacts = ArtifactPlace(root=Path(sys.argv[5]))

def on_step(step, done, of):
    if step == what:
        os.kill(os.getpid(), signal.SIGKILL)

restore(backup, home=home.path, store=home.empty_store, artifacts=artifacts, on_step=on_step)
"""


def test_all_is_restored_as_it_was_on_either_store(
    a_home: DataHome, an_empty_home: DataHome, tmp_path: Path
) -> None:
    a_home.back_up(tmp_path / "backup")
    an_empty_home.restore(tmp_path / "backup")
    assert an_empty_home.rows() == a_home.rows()
    assert an_empty_home.artifact_files() == a_home.artifact_files()
    assert an_empty_home.verify().head == a_home.verify().head
    assert an_empty_home.files.lines() == a_home.files.lines()


def test_what_is_restored_goes_on_and_is_backed_up_again(
    a_home: DataHome, an_empty_home: DataHome, tmp_path: Path
) -> None:
    a_home.back_up(tmp_path / "backup")
    an_empty_home.restore(tmp_path / "backup")
    an_empty_home.append(b"{}", b"{}")
    signed = sign_head(an_empty_home.log, an_empty_home.files, at=NOON)
    assert signed is not None
    assert signed.key not in a_home.files.trusted_keys()
    verified = an_empty_home.verify()
    assert (verified.head.position, len(verified.signed.checkpoints)) == (6, 2)
    an_empty_home.back_up(tmp_path / "again")
    assert len(check(tmp_path / "again").verified.signed.checkpoints) == 2


def test_nothing_that_is_there_is_written_over(a_home: DataHome, a_backup: Path) -> None:
    before = (a_home.rows(), a_home.artifact_files())
    with pytest.raises((DirectoryNotEmpty, StoreNotEmpty)):
        a_home.restore(a_backup)
    assert (a_home.rows(), a_home.artifact_files()) == before


def test_a_database_with_events_is_left_alone(a_backup: Path, tmp_path: Path, postgres_url: str) -> None:
    used = DataHome(tmp_path / "used", postgres_url)
    used.append(b"{}")
    with pytest.raises(StoreNotEmpty):
        used.restore(a_backup)
    assert len(used.rows()) == 2


def test_a_directory_with_anything_in_it_is_left_alone(a_backup: Path, tmp_path: Path) -> None:
    home = DataHome(tmp_path / "restored")
    home.path.mkdir()
    (home.path / "mine").write_text("mine")
    with pytest.raises(DirectoryNotEmpty, match="mine"):
        home.restore(a_backup)
    assert [path.name for path in home.path.iterdir()] == ["mine"]


def test_a_backup_that_is_not_finished_is_not_restored(a_backup: Path, an_empty_home: DataHome) -> None:
    (a_backup / MANIFEST).unlink()
    with pytest.raises(BackupDamaged, match="no finished backup"):
        an_empty_home.restore(a_backup)
    assert list(an_empty_home.path.iterdir()) == []


@pytest.mark.parametrize("damage", ["changed", "gone", "cut"])
def test_a_backup_is_verified_whole_before_anything_is_written(
    a_backup: Path, tmp_path: Path, damage: str
) -> None:
    for number, path in enumerate(sorted(each for each in a_backup.rglob("*") if each.is_file())):
        if path.name == MANIFEST:
            continue
        content = path.read_bytes()
        path.chmod(0o644)
        if damage == "gone":
            path.unlink()
        elif damage == "cut":
            path.write_bytes(content[: len(content) // 2])
        else:
            path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        home = DataHome(tmp_path / f"restored-{number}")
        with pytest.raises((BackupDamaged, ChainBroken)) as raised:
            home.restore(a_backup)
        assert list(home.path.iterdir()) == []
        if path.name != LOG:
            assert f"artifact:{path.name}" in str(raised.value)
        path.write_bytes(content)
    DataHome(tmp_path / "restored").restore(a_backup)


def test_a_log_that_is_not_signed_with_the_named_key_is_not_restored(a_backup: Path, tmp_path: Path) -> None:
    with pytest.raises(ChainBroken):
        check(a_backup, trusted=(bytes(32),))


@pytest.mark.parametrize(
    ("what", "artifacts"),
    [("verifying artifacts", "home"), ("artifacts", "home"), ("events", "home"), ("events", "elsewhere")],
)
def test_a_restoring_that_was_killed_is_begun_again(
    a_backup: Path, an_empty_home: DataHome, tmp_path: Path, what: str, artifacts: str
) -> None:
    url = an_empty_home.database_url or ""
    into = an_empty_home.path / "artifacts" if artifacts == "home" else tmp_path / artifacts
    arguments = (str(a_backup), str(an_empty_home.path), what, url, str(into))
    command = [sys.executable, "-c", _RESTORE_AND_DIE, *arguments]
    killed = subprocess.run(command, cwd=ROOT, check=False, env={**os.environ})
    assert killed.returncode == -signal.SIGKILL
    an_empty_home.restore(a_backup, artifacts=ArtifactPlace(root=into))
    left = {path.name for path in an_empty_home.path.iterdir()}
    assert left <= {"events.db", "artifacts", "checkpoints.jsonl", "checkpoint-keys.txt"}
    assert an_empty_home.verify().head.position == 4


def test_artifacts_move_with_a_backup_from_a_directory_to_an_object_store_and_back(
    tmp_path: Path, bucket_url: str
) -> None:
    """And are refused where there are others."""
    home, elsewhere = (
        DataHome(tmp_path / "home"),
        ArtifactPlace(root=tmp_path / "cache", url=f"{bucket_url}/artifacts"),
    )
    home.fill()
    home.back_up(tmp_path / "backup")
    there = DataHome(tmp_path / "there")
    there.restore(tmp_path / "backup", artifacts=elsewhere)

    manifest = there.back_up(tmp_path / "again", artifacts=elsewhere)
    assert (len(manifest.artifacts), manifest.missing) == (4, ())
    back = DataHome(tmp_path / "back")
    back.restore(tmp_path / "again")
    assert back.artifact_files() == home.artifact_files()

    with pytest.raises(DirectoryNotEmpty, match=bucket_url):
        DataHome(tmp_path / "other").restore(tmp_path / "backup", artifacts=elsewhere)


def test_a_restoring_into_an_object_store_that_was_broken_off_is_begun_again(
    tmp_path: Path, bucket_url: str
) -> None:
    home, elsewhere = (
        DataHome(tmp_path / "home"),
        ArtifactPlace(root=tmp_path / "cache", url=f"{bucket_url}/artifacts"),
    )
    home.fill()
    home.back_up(tmp_path / "backup")

    def fail(step: str, done: int, _of: int | None) -> None:
        if (step, done) == ("artifacts", 2):
            raise InterruptedError

    there = DataHome(tmp_path / "there")
    with pytest.raises(InterruptedError):
        restore(tmp_path / "backup", home=there.path, store=there.empty_store, artifacts=elsewhere, on_step=fail)
    there.restore(tmp_path / "backup", artifacts=elsewhere)
    assert there.back_up(tmp_path / "again", artifacts=elsewhere).missing == ()
