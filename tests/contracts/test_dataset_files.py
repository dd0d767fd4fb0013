"""What every adapter of the port DatasetFiles does."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from application.ports.datasets import DatasetFiles
from domain.datasets.errors import UnreadableDataset
from domain.datasets.values import Column, ColumnType, DatasetFormat
from domain.errors import InvalidInput
from infrastructure.datasets.files import LocalDatasetFiles
from infrastructure.datasets.isolated import IsolatedDatasetFiles

CSV = b"age,city,member\n31,Rome,true\n,Oslo,FALSE\n45,,\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root"
    path.mkdir()
    return path


@pytest.fixture(params=[LocalDatasetFiles, IsolatedDatasetFiles], ids=["local", "isolated"])
def files(request: pytest.FixtureRequest, root: Path) -> DatasetFiles:
    adapter: Callable[[Path], DatasetFiles] = request.param
    return adapter(root)


@pytest.fixture
def a_csv(root: Path) -> Path:
    path = root / "people.csv"
    path.write_bytes(CSV)
    return path


def test_contents_are_the_hash_the_rows_and_the_schema_of_the_bytes(files: DatasetFiles, a_csv: Path) -> None:
    contents = files.inspect(a_csv, DatasetFormat.CSV)

    assert contents.format is DatasetFormat.CSV
    assert contents.sha256 == hashlib.sha256(CSV).hexdigest()
    assert contents.size_bytes == len(CSV)
    assert contents.rows == 3
    assert contents.columns == (
        Column(name="age", type=ColumnType.NUMERIC, missing=1),
        Column(name="city", type=ColumnType.CATEGORICAL, missing=1),
        Column(name="member", type=ColumnType.BOOLEAN, missing=1),
    )


def test_the_same_table_has_the_same_schema_in_either_format(
    files: DatasetFiles, a_csv: Path, tmp_path: Path
) -> None:
    path = tmp_path / "people.parquet"
    table = pa.table({"age": [31, None, 45], "city": ["Rome", "Oslo", None], "member": [True, False, None]})
    pq.write_table(table, path)

    found = files.inspect(path, DatasetFormat.PARQUET)

    assert found.columns == files.inspect(a_csv, DatasetFormat.CSV).columns
    assert found.rows == 3
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("read_as", list(DatasetFormat))
def test_an_empty_file_is_no_table(files: DatasetFiles, tmp_path: Path, read_as: DatasetFormat) -> None:
    path = tmp_path / "incoming"
    path.touch()

    with pytest.raises(UnreadableDataset, match="is empty") as refused:
        files.inspect(path, read_as)

    assert [problem.field for problem in refused.value.problems] == ["file"]


def test_what_a_uri_names_is_copied_and_its_format_known_by_its_name(
    files: DatasetFiles, a_csv: Path, tmp_path: Path
) -> None:
    to = tmp_path / "copy"

    assert files.fetch(a_csv.as_uri(), to) is DatasetFormat.CSV
    assert to.read_bytes() == CSV


def test_of_a_directory_all_files_are_copied_as_one_of_parquet(
    files: DatasetFiles, root: Path, tmp_path: Path
) -> None:
    to = tmp_path / "copy"
    for year, ages in ((2025, [31, None]), (2026, [45])):
        directory = root / "people" / f"year={year}"
        directory.mkdir(parents=True)
        pq.write_table(pa.table({"age": ages}), directory / "part-0.parquet")

    assert files.fetch((root / "people").as_uri() + "/", to) is DatasetFormat.PARQUET
    assert pq.read_table(to).to_pydict() == {"age": [31, None, 45], "year": [2025, 2025, 2026]}


def test_of_files_that_make_no_table_it_is_told_which_does_not_fit(
    files: DatasetFiles, root: Path, tmp_path: Path
) -> None:
    (root / "people").mkdir()
    pq.write_table(pa.table({"age": [31]}), root / "people" / "part-0.parquet")
    pq.write_table(pa.table({"age": ["old"]}), root / "people" / "part-1.parquet")
    to = tmp_path / "copy"

    with pytest.raises(UnreadableDataset, match=r"'part-1.parquet' has string in the column 'age'"):
        files.fetch("people", to)

    assert not to.exists()


@pytest.mark.parametrize("uri", ["nothing.csv", "../other.csv", "https://example.org/a.csv", "people.txt", ""])
def test_what_cannot_be_fetched_is_refused_and_leaves_nothing(
    files: DatasetFiles, a_csv: Path, tmp_path: Path, uri: str
) -> None:
    to = tmp_path / "copy"

    with pytest.raises(InvalidInput) as refused:
        files.fetch(uri, to)

    assert [(problem.field, problem.value) for problem in refused.value.problems] == [("uri", uri)]
    assert not to.exists()
