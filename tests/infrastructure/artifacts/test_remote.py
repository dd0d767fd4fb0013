"""What a store that is elsewhere withstands, and what is kept of it here."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest

from application.ports.artifacts import (
    ArtifactDamaged,
    ArtifactStoreUnreachable,
    ArtifactUnavailable,
    opened,
    sha256_of,
)
from infrastructure.artifacts.opening import artifacts_at
from infrastructure.artifacts.place import ArtifactPlace, RemotePlaceInvalid
from infrastructure.artifacts.remote import RemoteArtifacts
from infrastructure.learning.loading import ArtifactPredictorLoader
from infrastructure.learning.subprocess import SubprocessTrainer
from tests.support.data import iris
from tests.support.s3 import S3Server

CONTENT = b"x" * 9_000_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()

Machine = Callable[..., RemoteArtifacts]


@pytest.fixture
def machine(s3_url: str, tmp_path: Path) -> Machine:
    """Opens the store as on a machine of this name, which has a directory of its own."""

    def open_store(name: str, *, cache_bytes: int = 10**9) -> RemoteArtifacts:
        return RemoteArtifacts(ArtifactPlace(root=tmp_path / name, url=s3_url, cache_bytes=cache_bytes))

    return open_store


def cached(artifacts: RemoteArtifacts) -> set[str]:
    return {path.name for path in artifacts.place.root.glob("??/*")}


def lies_at(artifacts: RemoteArtifacts, sha256: str) -> str:
    return f"{artifacts.place.url}/{sha256[:2]}/{sha256}"


def overwrite(artifacts: RemoteArtifacts, sha256: str, content: bytes) -> None:
    with fsspec.open(lies_at(artifacts, sha256), "wb") as file:
        file.write(content)


def test_what_one_machine_keeps_another_reads_piece_by_piece(machine: Machine) -> None:
    assert machine("one").put(CONTENT) == SHA256

    other = machine("other")
    opening = other.opening(SHA256)
    steps = 0
    while True:
        try:
            next(opening)
        except StopIteration as at_end:
            with at_end.value as file:
                assert file.read() == CONTENT
            break
        steps += 1
    assert steps > 1
    assert cached(other) == {SHA256}


def test_a_copy_that_lies_here_is_not_asked_for_again(machine: Machine) -> None:
    artifacts = machine("one")
    artifacts.put(CONTENT)
    fsspec.open(lies_at(artifacts, SHA256)).fs.rm_file(lies_at(artifacts, SHA256))

    assert artifacts.read(SHA256) == CONTENT
    with pytest.raises(ArtifactUnavailable, match="There are no bytes"):
        artifacts.require(SHA256)


@pytest.mark.parametrize("wrong", [b"", CONTENT[:-1], CONTENT[:-1] + b"y"], ids=["empty", "half-written", "other"])
def test_wrong_bytes_never_come_in_and_are_mended_by_who_keeps_the_right_ones(
    machine: Machine, wrong: bytes
) -> None:
    one, other = machine("one"), machine("other")
    one.put(CONTENT)
    overwrite(one, SHA256, wrong)

    with pytest.raises(ArtifactDamaged, match=SHA256):
        opened(other, SHA256)
    assert cached(other) == set()
    assert list((other.place.root / "incoming").iterdir()) == []

    one.put(CONTENT)
    assert other.read(SHA256) == CONTENT


def test_a_copy_that_was_damaged_here_is_fetched_again(machine: Machine) -> None:
    artifacts = machine("one")
    artifacts.put(CONTENT)
    (copy,) = artifacts.place.root.glob("??/*")
    copy.chmod(0o644)
    copy.write_bytes(b"y")

    assert artifacts.read(SHA256) == CONTENT


def test_writers_of_the_same_bytes_do_not_disturb_each_other(machine: Machine) -> None:
    machines = [machine(f"number {number}") for number in range(2)]
    with ThreadPoolExecutor(4) as threads:
        names = {each.result() for each in [threads.submit(machines[n % 2].put, b"x" * 1_000) for n in range(8)]}

    assert [machine("another").read(name) for name in names] == [b"x" * 1_000]


def test_copies_leave_in_the_order_of_their_last_use_and_never_while_they_are_open(machine: Machine) -> None:
    artifacts = machine("one", cache_bytes=250)
    first, second, third = (artifacts.put(bytes([number]) * 100) for number in range(3))
    assert cached(artifacts) == {second, third}

    with opened(machine("one", cache_bytes=250), second) as file:  # as another process would
        fourth = artifacts.put(b"4" * 100)
        assert cached(artifacts) == {second, fourth}
        artifacts.read(first)
        assert second in cached(artifacts)
        assert Path(file.name).read_bytes() == file.read()
    artifacts.put(b"5" * 250)
    assert second not in cached(artifacts)
    assert {artifacts.read(each)[:1] for each in (first, second, third, fourth)} == {b"\0", b"\1", b"\2", b"4"}


def test_the_store_is_the_same_whoever_asks_and_no_other(machine: Machine, s3_url: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as starters:
        found = set(starters.map(lambda number: machine(str(number)).identity(), range(4)))
    elsewhere = RemoteArtifacts(ArtifactPlace(root=tmp_path / "it", url=f"{s3_url}/elsewhere"))
    assert len(found | {elsewhere.identity()}) == len(found) + 1 == 2


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("ftp://host/path", "s3://"),
        ("s3://", "names no bucket"),
        ("gs://bucket/path", r"requirements-gcs\.txt"),
        ("az://container", r"requirements-azure\.txt"),
    ],
)
def test_a_url_that_cannot_be_read_here_is_refused_with_what_to_do(url: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(RemotePlaceInvalid, match=told):
        artifacts_at(ArtifactPlace(root=tmp_path, url=url))


@pytest.fixture
def a_store_that_is_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[RemoteArtifacts, str]:
    """One whose server is gone, and what was kept there before."""
    with S3Server() as server:
        for name, value in {**server.environment, "AWS_MAX_ATTEMPTS": "1"}.items():
            monkeypatch.setenv(name, value)
        with server.fresh_bucket() as url:
            artifacts = RemoteArtifacts(ArtifactPlace(root=tmp_path / "cache", url=url))
            sha256 = artifacts.put(b"kept before")
    return artifacts, sha256


def test_a_store_that_is_away_is_told_of_and_nothing_is_lost(
    a_store_that_is_away: tuple[RemoteArtifacts, str],
) -> None:
    artifacts, before = a_store_that_is_away
    path = artifacts.incoming()
    path.write_bytes(b"rows")
    for ask in (
        lambda: artifacts.adopt(path, hashlib.sha256(b"rows").hexdigest()),
        lambda: artifacts.require(before),
        lambda: artifacts.read(SHA256),
        artifacts.check,
        artifacts.identity,
    ):
        with pytest.raises(ArtifactStoreUnreachable, match="cannot be asked now"):
            ask()
    assert path.read_bytes() == b"rows"
    assert artifacts.read(before) == b"kept before"
    assert list((artifacts.place.root / "incoming").iterdir()) == [path]


def test_a_training_reads_from_the_store_and_keeps_its_model_there(machine: Machine) -> None:
    worker = machine("worker")
    machine("where it was uploaded").put(iris().csv())

    trained = SubprocessTrainer(artifacts=worker, num_threads=1).train(
        iris().plan(num_iterations=2), on_iteration=lambda _: None, should_stop=lambda: False
    )

    predictor = ArtifactPredictorLoader(artifacts=machine("where it answers")).load(trained.artifact_url)
    assert predictor.labels == ("setosa", "versicolor", "virginica")
    assert {iris().contents().sha256, sha256_of(trained.artifact_url)} <= cached(worker)
