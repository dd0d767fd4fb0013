"""What the directory of artifacts withstands."""

import hashlib
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from application.ports.artifacts import ArtifactUnavailable, opened
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
        opened(artifacts, SHA256)

    artifacts.put(CONTENT)
    assert artifacts.read(SHA256) == CONTENT
    opened(artifacts, SHA256).close()


def test_what_cannot_be_read_is_unavailable(artifacts: LocalArtifacts) -> None:
    (artifacts.root / SHA256[:2] / SHA256).mkdir(parents=True)

    for ask in (artifacts.read, partial(opened, artifacts)):
        with pytest.raises(ArtifactUnavailable, match=f"{SHA256} cannot be read"):
            ask(SHA256)


@pytest.fixture
def at_once_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_SETTLED_S", -3600.0)


def steps(artifacts: LocalArtifacts) -> int:
    """Open the bytes, and return in how many steps they were read for it."""
    opening = artifacts.opening(SHA256)
    for count in range(1_000):
        try:
            next(opening)
        except StopIteration as at_end:
            at_end.value.close()
            return count
    raise AssertionError


@pytest.mark.usefixtures("at_once_settled")
def test_bytes_that_lie_untouched_are_not_read_again_to_be_opened(artifacts: LocalArtifacts) -> None:
    artifacts.put(CONTENT)
    assert [steps(artifacts) for _ in range(3)] == [1, 0, 0]


@pytest.mark.usefixtures("at_once_settled")
def test_bytes_that_were_touched_are_read_again_whatever_their_size_and_date_say(
    artifacts: LocalArtifacts, caplog: pytest.LogCaptureFixture
) -> None:
    artifacts.put(CONTENT)
    opened(artifacts, SHA256).close()
    path = artifacts.path(SHA256)
    before = path.stat()
    while time.time_ns() - before.st_ctime_ns < CLOCK_TICK_NS:
        time.sleep(0.001)
    path.chmod(0o644)
    path.write_bytes(b"tree5")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    for _ in range(2):
        with pytest.raises(ArtifactUnavailable, match="damaged"):
            opened(artifacts, SHA256)
    assert [record.levelname for record in caplog.records] == ["ERROR"]  # once, not at every reading
    artifacts.put(CONTENT)
    assert steps(artifacts) == 1


def test_bytes_that_were_touched_just_now_are_read_again(
    artifacts: LocalArtifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within one tick of the file system's clock they could be touched again."""
    monkeypatch.setattr(local, "_SETTLED_S", 3600.0)
    artifacts.put(CONTENT)
    assert [steps(artifacts) for _ in range(2)] == [1, 1]


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
