"""What the directory of artifacts withstands."""

import hashlib
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from application.ports.artifacts import ArtifactUnavailable
from infrastructure.artifacts import local
from infrastructure.artifacts.local import LocalArtifacts

CLOCK_TICK_NS = 50_000_000
"""Longer than any file system's clock stands still between two ticks."""

CONTENT = b"trees"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def artifacts(tmp_path: Path) -> LocalArtifacts:
    return LocalArtifacts(root=tmp_path / "not" / "there" / "yet")


def files(artifacts: LocalArtifacts) -> set[Path]:
    return {path.relative_to(artifacts.root) for path in artifacts.root.rglob("*") if path.is_file()}


def test_bytes_lie_under_their_hash_and_nobody_may_write_them(artifacts: LocalArtifacts) -> None:
    artifacts.put(CONTENT)

    path = artifacts.root / SHA256[:2] / SHA256
    assert path.read_bytes() == CONTENT
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert files(artifacts) == {path.relative_to(artifacts.root)}


def test_damaged_bytes_are_unavailable_until_they_are_put_again(artifacts: LocalArtifacts) -> None:
    artifacts.put(CONTENT)
    path = artifacts.path(SHA256)
    path.chmod(0o644)
    path.write_bytes(b"tree5")

    with pytest.raises(ArtifactUnavailable, match="damaged"):
        artifacts.read(SHA256)
    with pytest.raises(ArtifactUnavailable, match="damaged"):
        artifacts.verify(SHA256)

    artifacts.put(CONTENT)
    assert artifacts.read(SHA256) == CONTENT
    artifacts.verify(SHA256)


def test_what_cannot_be_read_is_unavailable(artifacts: LocalArtifacts) -> None:
    (artifacts.root / SHA256[:2] / SHA256).mkdir(parents=True)

    for ask in (artifacts.read, artifacts.verify):
        with pytest.raises(ArtifactUnavailable, match=f"{SHA256} cannot be read"):
            ask(SHA256)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is read to be verified; bytes count as settled at once."""
    monkeypatch.setattr(local, "_SETTLED_S", -3600.0)
    found: list[str] = []
    digest = hashlib.file_digest

    def noting(file: Any, name: str) -> Any:
        found.append(Path(file.name).name)
        return digest(file, name)

    monkeypatch.setattr(hashlib, "file_digest", noting)
    return found


def test_bytes_that_lie_untouched_are_not_read_again_to_be_verified(
    artifacts: LocalArtifacts, hashed: list[str]
) -> None:
    artifacts.put(CONTENT)
    for _ in range(3):
        artifacts.verify(SHA256)
    assert hashed == [SHA256]


def test_bytes_that_were_touched_are_read_again_whatever_their_size_and_date_say(
    artifacts: LocalArtifacts, hashed: list[str]
) -> None:
    artifacts.put(CONTENT)
    artifacts.verify(SHA256)
    path = artifacts.path(SHA256)
    before = path.stat()
    while time.time_ns() - before.st_ctime_ns < CLOCK_TICK_NS:
        time.sleep(0.001)
    path.chmod(0o644)
    path.write_bytes(b"tree5")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    for _ in range(2):
        with pytest.raises(ArtifactUnavailable, match="damaged"):
            artifacts.verify(SHA256)
    artifacts.put(CONTENT)
    artifacts.verify(SHA256)
    assert hashed == [SHA256] * 3


def test_bytes_that_were_touched_just_now_are_read_again(
    artifacts: LocalArtifacts, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within one tick of the file system's clock they could be touched again."""
    monkeypatch.setattr(local, "_SETTLED_S", 3600.0)
    artifacts.put(CONTENT)
    for _ in range(2):
        artifacts.verify(SHA256)
    assert hashed == [SHA256] * 2


def test_writers_of_the_same_bytes_do_not_disturb_each_other(artifacts: LocalArtifacts) -> None:
    content = b"x" * 100_000
    with ThreadPoolExecutor(8) as threads:
        hashes = {future.result() for future in [threads.submit(artifacts.put, content) for _ in range(64)]}

    assert hashes == {hashlib.sha256(content).hexdigest()}
    assert artifacts.read(hashes.pop()) == content
    assert len(files(artifacts)) == 1


def test_what_a_dead_process_left_half_written_goes_and_what_a_living_one_writes_stays(
    artifacts: LocalArtifacts,
) -> None:
    artifacts.put(CONTENT)
    left, written = artifacts.incoming(), artifacts.incoming()
    for path in (left, written):
        path.write_bytes(b"hal")
    two_hours_ago = time.time() - 7200
    os.utime(left, (two_hours_ago, two_hours_ago))

    LocalArtifacts(root=artifacts.root).clear_incoming()

    assert {path.name for path in files(artifacts)} == {SHA256, written.name}


def test_a_file_that_is_not_there_cannot_be_adopted(artifacts: LocalArtifacts) -> None:
    with pytest.raises(FileNotFoundError):
        artifacts.adopt(artifacts.incoming(), SHA256)
    assert files(artifacts) == set()


def test_a_failed_write_leaves_nothing_behind(artifacts: LocalArtifacts) -> None:
    (artifacts.root / SHA256[:2]).write_bytes(b"a file where a directory must be")

    with pytest.raises(OSError, match=SHA256[:2]):
        artifacts.put(CONTENT)
    assert list((artifacts.root / "incoming").iterdir()) == []
