"""What the directory of artifacts withstands."""

import hashlib
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from application.ports.artifacts import ArtifactUnavailable
from infrastructure.artifacts.local import LocalArtifacts

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

    artifacts.put(CONTENT)
    assert artifacts.read(SHA256) == CONTENT


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
