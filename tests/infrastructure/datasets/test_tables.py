"""A table that is read again is the one that was inspected."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.datasets.errors import UnreadableDataset
from domain.datasets.values import Contents, DatasetFormat
from infrastructure.datasets.files import LocalDatasetFiles
from infrastructure.datasets.tables import read_table

Write = Callable[[Path, pa.Table], None]


def write_csv(path: Path, table: pa.Table) -> None:
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    lines = [",".join(map(str, row)) for row in [table.column_names, *rows]]
    path.write_text("\n".join(lines))


def write_parquet(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path)


@pytest.fixture(params=[DatasetFormat.CSV, DatasetFormat.PARQUET])
def write(request: pytest.FixtureRequest) -> Write:
    return write_csv if request.param is DatasetFormat.CSV else write_parquet


@pytest.fixture
def a_table(tmp_path: Path, write: Write) -> tuple[Path, Contents]:
    path = tmp_path / "table"
    write(path, pa.table({"n": [1, 2], "b": [True, False], "t": ["x", "y"]}))
    found = DatasetFormat.CSV if write is write_csv else DatasetFormat.PARQUET
    return path, LocalDatasetFiles(None).inspect(path, found)


def test_columns_come_in_the_order_asked_for_with_the_types_of_their_kind(a_table: tuple[Path, Contents]) -> None:
    path, contents = a_table

    table = read_table(path, contents=contents, columns=["t", "n", "b"])

    assert table.schema == pa.schema([("t", pa.string()), ("n", pa.float64()), ("b", pa.bool_())])
    assert table.to_pydict() == {"t": ["x", "y"], "n": [1.0, 2.0], "b": [True, False]}


@pytest.mark.parametrize(
    "other",
    [
        pa.table({"n": ["x", "y"], "b": [True, False], "t": ["x", "y"]}),
        pa.table({"n": [1, 2], "b": ["x", "y"], "t": ["x", "y"]}),
        pa.table({"n": [1, 2], "b": [True, False]}),
        pa.table({"n": [1, 2, 3], "b": [True, False, True], "t": ["x", "y", "z"]}),
    ],
    ids=["text for numbers", "text for booleans", "a column less", "a row more"],
)
def test_bytes_that_were_swapped_are_refused(
    a_table: tuple[Path, Contents], write: Write, other: pa.Table
) -> None:
    path, contents = a_table
    write(path, other)

    with pytest.raises(UnreadableDataset, match="not what was registered"):
        read_table(path, contents=contents, columns=["n", "b", "t"])


def test_a_column_that_is_not_there_is_a_mistake_of_the_caller(a_table: tuple[Path, Contents]) -> None:
    path, contents = a_table

    with pytest.raises(KeyError, match="unknown"):
        read_table(path, contents=contents, columns=["unknown"])
