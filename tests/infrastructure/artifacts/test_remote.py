"""What a store that is elsewhere withstands, and what is kept of it here."""

import hashlib
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import fsspec
import pytest

from application.ports.artifacts import (
    ArtifactDamaged,
    ArtifactStoreUnreachable,
    ArtifactUnavailable,
    opened,
    sha256_of,
)
from infrastructure.artifacts import remote_files
from infrastructure.artifacts.cache import ArtifactCache
from infrastructure.artifacts.collecting import collect
from infrastructure.artifacts.opening import artifacts_at
from infrastructure.artifacts.place import ArtifactPlace, RemotePlaceInvalid
from infrastructure.artifacts.remote import RemoteArtifacts
from infrastructure.artifacts.remote_copies import CopyFailed, wait_for_copy
from infrastructure.artifacts.remote_files import RemoteFiles
from infrastructure.artifacts.waste import waste_at
from infrastructure.learning.loading import ArtifactPredictorLoader
from infrastructure.learning.subprocess import SubprocessTrainer
from tests.infrastructure.artifacts.logs import InMemoryLog
from tests.support.data import iris
from tests.support.processes import started
from tests.support.s3 import S3Server

CONTENT = b"x" * 9_000_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()

Machine = Callable[..., RemoteArtifacts]


@pytest.fixture
def machine(bucket_url: str, tmp_path: Path) -> Machine:
    """Opens the store as on a machine of this name, which has a directory of its own."""

    def open_store(name: str, *, cache_bytes: int = 10**9) -> RemoteArtifacts:
        return RemoteArtifacts(ArtifactPlace(root=tmp_path / name, url=bucket_url, cache_bytes=cache_bytes))

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


def came_in(cache: ArtifactCache, content: bytes) -> BinaryIO:
    path = cache.incoming()
    path.write_bytes(content)
    return cache.keep(path, hashlib.sha256(content).hexdigest())


def test_a_copy_that_is_open_stays_under_its_name_when_the_same_bytes_come_in_again(tmp_path: Path) -> None:
    cache, of_another_process = (ArtifactCache(root=tmp_path, max_bytes=10**9) for _ in range(2))
    with came_in(cache, b"kept") as file:
        came_in(of_another_process, b"kept").close()
        of_another_process.make_room()
        assert Path(file.name).read_bytes() == b"kept"
    of_another_process.make_room()
    assert not Path(file.name).exists()


def test_a_copy_that_was_damaged_while_it_was_open_is_replaced(tmp_path: Path) -> None:
    cache = ArtifactCache(root=tmp_path, max_bytes=10**9)
    with came_in(cache, b"kept") as file:
        Path(file.name).chmod(0o644)
        Path(file.name).write_bytes(b"y")
        with came_in(cache, b"kept") as mended:
            assert mended.read() == b"kept"


def test_whoever_has_a_copy_open_reads_it_by_its_name_whatever_others_do(tmp_path: Path) -> None:
    caches = [ArtifactCache(root=tmp_path, max_bytes=10**9) for _ in range(3)]

    def use(cache: ArtifactCache) -> set[bytes]:
        found = set()
        for _ in range(30):
            with came_in(cache, b"content") as file:
                caches[0].make_room()
                found.add(Path(file.name).read_bytes())
        return found

    with ThreadPoolExecutor(len(caches)) as threads:
        assert set().union(*threads.map(use, caches)) == {b"content"}


def test_a_copy_that_finds_no_room_takes_that_of_others_and_says_so_where_there_is_none(machine: Machine) -> None:
    machine("other").put(CONTENT)
    artifacts = machine("one")
    unused, used = artifacts.put(b"unused"), artifacts.put(b"used")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with opened(artifacts, used) as file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(CONTENT) // 2, limits[1]))
        try:
            with pytest.raises(ArtifactStoreUnreachable, match="ML_SERVICE_ARTIFACTS_CACHE_BYTES"):
                opened(artifacts, SHA256)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert file.read() == b"used"
    assert cached(artifacts) == {used}
    assert list((artifacts.place.root / "incoming").iterdir()) == []
    assert artifacts.read(SHA256) == CONTENT
    assert artifacts.read(unused) == b"unused"


def test_copies_leave_the_disk_some_room_however_many_may_lie_there(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = machine("one")
    first = artifacts.put(b"1" * 100)
    full = shutil.disk_usage(artifacts.place.root)._replace(total=10_000, free=420)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)

    second, third = artifacts.put(b"2" * 100), artifacts.put(b"3" * 100)
    assert cached(artifacts) == {third}
    assert [artifacts.read(each)[:1] for each in (first, second)] == [b"1", b"2"]


def test_the_store_is_the_same_whoever_asks_and_no_other(
    machine: Machine, bucket_url: str, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(4) as starters:
        found = set(starters.map(lambda number: machine(str(number)).identity(), range(4)))
    elsewhere = RemoteArtifacts(ArtifactPlace(root=tmp_path / "it", url=f"{bucket_url}/elsewhere"))
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
def test_a_url_that_cannot_be_read_here_is_refused_with_what_to_do(
    url: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for client, scheme in (("gcsfs", "gs"), ("adlfs", "az")):  # as where they are not installed
        monkeypatch.setitem(sys.modules, client, None)
        monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, scheme, raising=False)
    with pytest.raises(RemotePlaceInvalid, match=told):
        artifacts_at(ArtifactPlace(root=tmp_path, url=url))


def test_a_bucket_that_is_not_there_is_told_of(bucket_url: str, tmp_path: Path) -> None:
    artifacts = RemoteArtifacts(ArtifactPlace(root=tmp_path, url=f"{bucket_url}-that-nobody-made/service"))
    for ask in (artifacts.check, artifacts.identity, lambda: artifacts.put(CONTENT)):
        with pytest.raises(
            ArtifactStoreUnreachable, match=r"that-nobody-made/service cannot be asked.*(bucket|exist)"
        ):
            ask()


_KEEP_UNTIL_KILLED = """
import os, sys
from pathlib import Path
from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.artifacts.remote import RemoteArtifacts
from infrastructure.artifacts.remote_copies import CopyFailed, wait_for_copy
from infrastructure.artifacts.remote_files import RemoteFiles
from infrastructure.artifacts.waste import waste_at

artifacts = RemoteArtifacts(ArtifactPlace(root=Path(sys.argv[1]), url=sys.argv[2]))
while True:
    print(artifacts.put(os.urandom(20_000_000)), flush=True)
"""


def test_an_upload_that_is_killed_leaves_all_of_an_object_or_nothing(machine: Machine, tmp_path: Path) -> None:
    other = machine("other")
    command = [sys.executable, "-c", _KEEP_UNTIL_KILLED, str(tmp_path / "killed"), str(other.place.url)]
    with started(command, stdout=subprocess.PIPE, text=True) as keeping:
        kept = {keeping.stdout.readline().strip()}
        time.sleep(random.uniform(0.0, 0.2))
        keeping.kill()
        kept |= {line.strip() for line in keeping.stdout}

    found = set(RemoteFiles(str(other.place.url)).names())
    assert kept <= found
    for name in found:
        opened(other, name).close()


def test_what_nothing_refers_to_is_collected_and_what_a_killed_collection_had_aside_is_put_back(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = machine("one")
    body, waste = artifacts.put(CONTENT), artifacts.put(b"waste")
    manifest = artifacts.put(b'{"trees": "%s"}' % body.encode())
    log = InMemoryLog()
    log.append(f"artifact:{manifest}")
    store, soon = waste_at(artifacts.place), datetime.now(UTC) + timedelta(hours=1)
    assert store.set_aside(body, before=soon)
    assert not store.set_aside(waste, before=soon - timedelta(hours=2))
    monkeypatch.setattr(remote_files, "_ASIDE_WITHIN_S", 0.0)
    with pytest.raises(ArtifactStoreUnreachable, match=r"one was killed: .* run `ml-service artifacts collect`"):
        artifacts.put(CONTENT)

    found = collect(log, store, before=soon, is_dry_run=False, on_step=lambda *_: None)

    assert [each.name for each in found.removed] == [waste]
    assert set(store.names()) == {body, manifest}
    assert not list(store.aside())
    assert machine("other").read(body) == CONTENT


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


def test_a_copy_that_the_store_makes_in_its_own_time_is_waited_for() -> None:
    statuses = iter(["pending", "pending", "success", "failed"])
    wait_for_copy(lambda: next(statuses))
    assert list(statuses) == ["failed"]
    wait_for_copy(lambda: None)  # it was written, not copied
    for ended in ("failed", "aborted"):
        with pytest.raises(CopyFailed, match=ended):
            wait_for_copy(lambda ended=ended: ended)
    with pytest.raises(CopyFailed, match="pending"):
        wait_for_copy(lambda: "pending", patience_s=0.0)
