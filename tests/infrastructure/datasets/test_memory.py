"""A table of any size is inspected in the same memory."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infrastructure.datasets.parquet_files import read_parquet_cells
from tests.support.tables import write_large

GROWTH_MAX_MB = 100
SIZE_BYTES = 50_000_000

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")

INSPECT = """
import sys
from pathlib import Path
from domain.datasets.values import DatasetFormat
from infrastructure.datasets.files import LocalDatasetFiles

def peak_mb():
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024

path = Path(sys.argv[1])
before = peak_mb()
LocalDatasetFiles(None).inspect(path, DatasetFormat(path.suffix[1:]))
print(peak_mb() - before)
"""


def growth_mb(path: Path) -> float:
    """Return by how much the peak of a process grows beyond its imports."""
    run = subprocess.run([sys.executable, "-c", INSPECT, str(path)], capture_output=True, text=True, check=True)
    return float(run.stdout)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_large_file_is_never_in_memory_as_a_whole(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"large{suffix}"
    write_large(path, size_bytes=SIZE_BYTES)

    assert growth_mb(path) < GROWTH_MAX_MB


def test_a_few_bytes_that_stand_for_many_rows_do_not_unfold_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.parquet"
    zeros = pa.chunked_array([pa.nulls(20_000_000, pa.float64())])
    text = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), 20_000_000), ["x" * 10_000])
    pq.write_table(pa.table({"n": zeros, "t": text}), path, compression="zstd", row_group_size=20_000_000)
    assert path.stat().st_size < 1_000_000

    assert growth_mb(path) < GROWTH_MAX_MB


@pytest.mark.parametrize("use_dictionary", [True, False])
@pytest.mark.parametrize("different", [10, 20_000])
def test_long_texts_are_read_a_few_at_a_time(tmp_path: Path, use_dictionary: bool, different: int) -> None:
    path = tmp_path / "long.parquet"
    texts = [f"{index % different:06d}" + "x" * 10_000 for index in range(20_000)]
    pq.write_table(pa.table({"t": texts}), path, compression="zstd", use_dictionary=use_dictionary)

    assert growth_mb(path) < GROWTH_MAX_MB


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_wide_table_is_read_in_the_same_memory(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"wide{suffix}"
    write_large(path, size_bytes=20_000_000, numeric=1_500, text=500, batch_rows=500)

    assert growth_mb(path) < GROWTH_MAX_MB


def test_of_a_large_row_group_only_the_rows_asked_for_are_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "one-group.parquet"
    table = pa.table({name: np.random.default_rng(0).normal(size=500_000) for name in "abcd"})
    pq.write_table(table, path, use_dictionary=False, compression="none")
    size = table.nbytes
    assert pq.read_metadata(path).num_row_groups == 1
    del table
    before = pa.total_allocated_bytes()

    for _ in read_parquet_cells(path):
        assert pa.total_allocated_bytes() - before < size / 2
