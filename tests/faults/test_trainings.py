"""Trainings go wrong in every way that there is: each ends once, and all else goes on."""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from subprocess import Popen

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infrastructure.event_store.postgres_log import PostgresLog
from tests.faults.cluster import LEASE_S, Cluster
from tests.faults.collector import Collector, Shelf
from tests.support.data import iris
from tests.support.postgres import PostgresServer
from tests.support.processes import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_000)]

MIB = 1024 * 1024
NUMBER_BYTES = 8
JOBS_WAITING = 2
LONG = {"num_iterations": 1_500, "early_stopping_rounds": 0}


def write_table_of_few_bytes(path: Path, *, size_bytes: int) -> None:
    """Write a table of numbers that take so much memory, and next to nothing on disk: they come in long runs."""
    columns, rows = 100, 100_000
    chance = np.random.default_rng(3)
    runs = {f"n{index}": np.repeat(chance.normal(size=rows // 1_000), 1_000) for index in range(columns)}
    group = pa.table(runs)
    with pq.ParquetWriter(path, group.schema) as writer:
        for _ in range(-(-size_bytes // (columns * rows * NUMBER_BYTES))):
            writer.write_table(group)


@pytest.fixture(scope="module")
def a_cluster(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer, scale: int
) -> Iterator[Cluster]:
    """Two workers without a data directory, with 2 GiB for a training; less where little is tried."""
    directory = tmp_path_factory.mktemp("cluster")
    settings = {
        "ML_SERVICE_TRAINING_MEMORY_BYTES": str((2048 if scale > 1 else 512) * MIB),
        "ML_SERVICE_DATASET_ROOT": str(directory),
    }
    with (
        postgres_server.fresh_database() as url,
        Cluster(directory, database_url=url, workers=2, **settings) as cluster,
    ):
        cluster.service.upload("iris", iris().write(directory), "species")
        cluster.service.post("/models", {"name": "flowers", "type": "classification"})
        cluster.service.post("/models", {"name": "numbers", "type": "regression"})
        yield cluster


def test_a_job_that_takes_more_memory_than_it_may_fails_cleanly_and_the_worker_does_the_next(
    a_cluster: Cluster, scale: int
) -> None:
    service = a_cluster.service
    path = a_cluster.directory / "large.parquet"
    write_table_of_few_bytes(path, size_bytes=(3072 if scale > 1 else 640) * MIB)
    registered = service.post("/datasets", {"name": "large", "uri": path.as_uri(), "target": "n0"})
    assert registered.status_code == httpx.codes.CREATED, registered.text
    large = service.train("numbers", "large", num_iterations=10)
    next_one = service.train("flowers", "iris", num_iterations=5)

    failed = service.ended(large)
    assert (failed["status"], failed["error_code"]) == ("failed", "training.out-of-memory"), failed["error"]
    assert "ML_SERVICE_TRAINING_MEMORY_BYTES" in failed["error"]
    assert failed["attempt"] == 1
    assert service.ended(next_one)["status"] == "completed"
    assert all(worker.poll() is None for worker in a_cluster.workers)


@pytest.mark.parametrize("lost", [Cluster.paused, Cluster.cut_off])
def test_a_worker_that_is_lost_past_its_lease_and_comes_back_changes_nothing(
    a_cluster: Cluster, lost: Callable[[Cluster, Popen[str]], AbstractContextManager[None]]
) -> None:
    job_id = a_cluster.service.train("flowers", "iris", **LONG)["id"]
    assert eventually(lambda: a_cluster.holder(job_id) is not None)
    holder = a_cluster.holder(job_id)
    assert holder is not None
    with lost(a_cluster, holder):
        ended = a_cluster.ended()[job_id]
        assert (ended["status"], ended["attempt"]) == ("completed", 2)
        before = a_cluster.history(job_id)
    (other,) = (worker for worker in a_cluster.workers if worker is not holder)
    with a_cluster.paused(other):
        next_one = a_cluster.service.train("flowers", "iris", num_iterations=5)
        assert a_cluster.service.ended(next_one)["status"] == "completed"
        assert a_cluster.holder(next_one["id"]) is holder
    assert a_cluster.history(job_id) == before
    a_cluster.require_each_job_to_have_ended_once("flowers")


def test_a_training_outlives_a_database_that_is_away_for_longer_than_a_lease(a_cluster: Cluster) -> None:
    job_id = a_cluster.service.train("flowers", "iris", **LONG)["id"]
    assert eventually(lambda: a_cluster.holder(job_id) is not None)
    with a_cluster.without_database():
        time.sleep(1.5 * LEASE_S)
    ended = a_cluster.ended()[job_id]
    assert (ended["status"], ended["attempt"]) == ("completed", 1)
    a_cluster.require_each_job_to_have_ended_once("flowers")


def test_whatever_is_killed_while_jobs_are_trained_each_ends_once_and_gives_one_version(
    a_cluster: Cluster, scale: int
) -> None:
    chance = random.Random(11)
    kills = [kill for _ in range(scale) for kill in a_cluster.faults]
    chance.shuffle(kills)
    for kill in kills:
        waiting = [job for job in a_cluster.jobs().values() if job["finished_at"] is None]
        for seed in range(JOBS_WAITING - len(waiting)):
            a_cluster.service.train("flowers", "iris", num_iterations=chance.randint(20, 400), seed=seed)
        time.sleep(chance.uniform(0.0, 1.5))
        kill()
    a_cluster.require_each_job_to_have_ended_once("flowers")
    assert a_cluster.service.get("/audit/verify")["verified"] is True


def test_collections_that_never_end_lose_nothing_that_is_referred_to_whatever_is_killed(
    a_cluster: Cluster, scale: int
) -> None:
    chance = random.Random(5)
    shelf = Shelf(root=a_cluster.artifacts_root, log=PostgresLog(a_cluster.database_url))
    kept, nobodys = set[str](), set[str]()

    def upload(number: int) -> str | None:
        """Keep bytes that a collection is about to take, and return their hash if they are said to be kept."""
        table = a_cluster.directory / f"table-{number}.csv"
        table.write_text("a,b\n" + f"{number},1\n2,3\n" * 20)
        sha256 = shelf.leave(table.read_bytes())
        with suppress(httpx.HTTPError, RuntimeError):  # its service was killed, and its client closed
            a_cluster.service.upload(table.stem, table, None)
            return sha256
        return None

    with (
        Collector(database_url=a_cluster.database_url, root=a_cluster.artifacts_root) as collector,
        ThreadPoolExecutor(3) as uploaders,
    ):
        for number in range(2 * scale - 1):
            a_cluster.service.train("flowers", "iris", num_iterations=chance.randint(5, 60), seed=1_000 + number)
            nobodys.add(shelf.leave(b"nobody's %d" % number))
            uploads = [uploaders.submit(upload, 10 * number + each) for each in range(6)]
            time.sleep(chance.uniform(0.0, 1.0))
            chance.choice([collector.kill_and_replace, *(a_cluster.faults if scale > 1 else ())])()
            kept |= {sha256 for each in uploads if (sha256 := each.result()) is not None}
            shelf.age_what_is_referred_to()
        a_cluster.require_each_job_to_have_ended_once("flowers")
        shelf.age_what_is_referred_to()
        assert eventually(lambda: not any(map(shelf.has, nobodys)))

    assert shelf.require_what_was_referred_to() > len(kept) > 0
    assert all(map(shelf.has, kept))
