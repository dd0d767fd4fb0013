"""Trainings go wrong in every way that there is: each ends once, and all else goes on."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.data import iris
from tests.support.service import RunningService

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_000)]

MIB = 1024 * 1024
NUMBER_BYTES = 8


def write_table_of_few_bytes(path: Path, *, size_bytes: int) -> None:
    """Write a table of numbers that take so much memory, and next to nothing on disk: they come in long runs."""
    columns, rows = 100, 100_000
    chance = np.random.default_rng(3)
    runs = {f"n{index}": np.repeat(chance.normal(size=rows // 1_000), 1_000) for index in range(columns)}
    group = pa.table(runs)
    with pq.ParquetWriter(path, group.schema) as writer:
        for _ in range(-(-size_bytes // (columns * rows * NUMBER_BYTES))):
            writer.write_table(group)


@pytest.fixture
def a_service_with_a_limit(tmp_path: Path, scale: int) -> Iterator[RunningService]:
    """A service whose trainings may take 2 GiB, less where little is tried."""
    limit = str((2048 if scale > 1 else 512) * MIB)
    with RunningService(
        tmp_path / "home", "--training-memory-bytes", limit, ML_SERVICE_DATASET_ROOT=str(tmp_path)
    ) as service:
        yield service


def test_a_job_that_takes_more_memory_than_it_may_fails_cleanly_and_the_worker_does_the_next(
    a_service_with_a_limit: RunningService, tmp_path: Path, scale: int
) -> None:
    service = a_service_with_a_limit
    write_table_of_few_bytes(tmp_path / "large.parquet", size_bytes=(3072 if scale > 1 else 768) * MIB)
    body = {"name": "large", "uri": (tmp_path / "large.parquet").as_uri(), "target": "n0"}
    registered = service.post("/datasets", body)
    assert registered.status_code == httpx.codes.CREATED, registered.text
    service.upload("iris", iris().write(tmp_path), "species")
    service.post("/models", {"name": "numbers", "type": "regression"})
    service.post("/models", {"name": "flowers", "type": "classification"})

    large = service.train("numbers", "large", num_iterations=10)
    next_one = service.train("flowers", "iris", num_iterations=5)

    failed = service.ended(large)
    assert (failed["status"], failed["error_code"]) == ("failed", "training.out-of-memory"), failed["error"]
    assert "ML_SERVICE_TRAINING_MEMORY_BYTES" in failed["error"]
    assert service.ended(next_one)["status"] == "completed"
    assert {each["attempt"] for each in service.get("/training-jobs")["items"]} == {1}
