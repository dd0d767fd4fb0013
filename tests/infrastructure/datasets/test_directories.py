"""Directories of Parquet files that are one dataset."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.ports.datasets import DatasetFiles
from domain.datasets.errors import UnreadableDataset
from domain.datasets.values import Column, ColumnType, DatasetFormat
from domain.errors import InvalidInput
from infrastructure.datasets import directories, fetching, joining
from infrastructure.datasets.files import LocalDatasetFiles
from infrastructure.datasets.isolated import IsolatedDatasetFiles
from infrastructure.sources.allowed_urls import AllowedUrls
from tests.support.examples import examples

SIZE_MAX_BYTES = 500_000
PARTS = {"part-0.parquet": {"n": [1, 2]}, "part-1.parquet": {"n": [3]}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root"
    path.mkdir()
    return path


def write(root: Path, tables: dict[str, Any], **options: Any) -> None:
    for name, table in tables.items():
        path = root / "table" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table if isinstance(table, pa.Table) else pa.table(table), path, **options)


def joined(root: Path) -> pa.Table:
    to = root.parent / "copy"
    LocalDatasetFiles(root).fetch("table/", to)
    return pq.read_table(to)


def refusal(root: Path, expected: type[InvalidInput] = InvalidInput) -> str:
    to = root.parent / "copy"
    with pytest.raises(expected) as refused:
        LocalDatasetFiles(root).fetch("table", to)
    assert not to.exists()
    return refused.value.message


def test_parts_follow_each_other_by_their_numbers(root: Path) -> None:
    write(root, {f"part.{number}.parquet": {"n": [number]} for number in (10, 2, 0, 9, 11, 1)})

    assert joined(root).to_pydict() == {"n": [0, 1, 2, 9, 10, 11]}


def test_the_same_files_make_the_same_bytes(root: Path) -> None:
    write(root, PARTS)
    copies = [root.parent / "one", root.parent / "other"]
    for copy in copies:
        LocalDatasetFiles(root).fetch("table", copy)

    assert copies[0].read_bytes() == copies[1].read_bytes()


def test_what_writers_leave_beside_their_files_is_no_data(root: Path) -> None:
    write(root, PARTS)
    for name in ("_SUCCESS", "_metadata", "_common_metadata", ".part-0.parquet.crc"):
        (root / "table" / name).write_bytes(b"no Parquet")
    (root / "table" / ".ipynb_checkpoints").mkdir()
    (root / "table" / ".ipynb_checkpoints" / "part-9.parquet").touch()

    assert joined(root).to_pydict() == {"n": [1, 2, 3]}


def test_what_directories_are_called_becomes_columns_as_of_text(root: Path) -> None:
    write(
        root,
        {
            "year=2024/code=01/day=2024-01-31/city=Bern%2FS%C3%BCd/0.parquet": {"n": [1, 2]},
            "year=2025/code=02/day=2025-01-31/city=__HIVE_DEFAULT_PARTITION__/0.parquet": {"n": [3]},
        },
    )

    found = joined(root)

    assert found.to_pydict() == {
        "n": [1, 2, 3],
        "year": [2024.0, 2024.0, 2025.0],
        "code": ["01", "01", "02"],
        "day": [datetime(2024, 1, 31, tzinfo=UTC)] * 2 + [datetime(2025, 1, 31, tzinfo=UTC)],
        "city": ["Bern/Süd", "Bern/Süd", None],
    }
    contents = LocalDatasetFiles(root).inspect(root.parent / "copy", DatasetFormat.PARQUET)
    assert contents.columns == (
        Column(name="n", type=ColumnType.NUMERIC, missing=0),
        Column(name="year", type=ColumnType.NUMERIC, missing=0),
        Column(name="code", type=ColumnType.CATEGORICAL, missing=0),
        Column(name="day", type=ColumnType.DATETIME, missing=0),
        Column(name="city", type=ColumnType.CATEGORICAL, missing=1),
    )


def test_files_agree_where_one_knows_no_type_or_lays_text_otherwise(root: Path) -> None:
    text = pa.table({"n": pa.array([1], pa.int64()), "t": pa.array(["a"]).dictionary_encode()})
    unknown = pa.table({"t": pa.nulls(1), "n": pa.nulls(1)})
    large = pa.table({"n": pa.array([2], pa.int64()), "t": pa.array(["b"], pa.large_string())})
    write(root, {"0": unknown, "1": text, "2": text.slice(1), "3": large})

    assert joined(root).to_pydict() == {"t": [None, "a", "b"], "n": [None, 1, 2]}


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"0": {"n": [1]}, "1": {"n": [1], "m": [1]}}, "'1' has the column 'm', otherwise than '0'"),
        ({"0": {"n": [1], "m": [1]}, "1": {"n": [1]}}, "'1' has not the column 'm', otherwise than '0'"),
        ({"0": {"n": [1]}, "1": {"n": [1.5]}}, "'1' has double in the column 'n', files before it have int64"),
        ({"n=1/0": {"n": [1]}}, "'n=1/0' has the column 'n', as its directory has"),
        ({"0": {"n": [1]}, "k=1/0": {"n": [1]}}, "'0' and 'k=1/0', in directories of different keys"),
        ({"k=1/l=1/0": {"n": [1]}, "l=1/k=1/0": {"n": [1]}}, "in directories of different keys"),
        ({"k=1/k=1/0": {"n": [1]}}, "with one key twice"),
        ({"k=1/0": {"n": [1]}, "k=inf/0": {"n": [1]}}, "infinite"),
    ],
)
def test_files_that_make_no_table_are_refused_by_their_names(
    root: Path, tables: dict[str, Any], message: str
) -> None:
    write(root, tables)

    assert message in refusal(root, UnreadableDataset)


def test_what_is_no_parquet_is_refused_by_its_name(root: Path) -> None:
    write(root, PARTS)
    (root / "table" / "part-1.parquet").write_bytes((root / "table" / "part-0.parquet").read_bytes()[:-1])
    assert "'part-1.parquet' is Parquet that was cut off" in refusal(root, UnreadableDataset)
    (root / "table" / "part-1.parquet").write_bytes(b"n\n1\n")
    assert "'part-1.parquet' is not Parquet" in refusal(root, UnreadableDataset)


def test_a_damaged_file_is_refused_by_its_name(root: Path) -> None:
    write(root, {"0": {"n": list(range(1_000))}, "1": {"n": list(range(1_000))}}, write_page_checksum=True)
    damaged = bytearray((root / "table" / "1").read_bytes())
    damaged[200] ^= 0xFF
    (root / "table" / "1").write_bytes(damaged)

    assert "'1' is damaged in row group 0" in refusal(root, UnreadableDataset)


def test_without_rows_there_is_no_table(root: Path) -> None:
    write(root, {"0": pa.table({"n": [1]}).slice(1)})
    joined(root)

    with pytest.raises(UnreadableDataset, match="columns but no rows"):
        LocalDatasetFiles(root).inspect(root.parent / "copy", DatasetFormat.PARQUET)


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("_SUCCESS", "a directory without data"),
        ("_delta_log/0.json", "a Delta Lake table"),
        (".hoodie/hoodie.properties", "a Hudi table"),
        ("_temporary/0/part-0.parquet", "is being written"),
        ("data/part-0.parquet", "has the directory 'data': those inside are named key=value"),
        ("a\nb", r"has a file or directory 'a\nb'"),
        (os.fsdecode(b"\xff"), r"has a file or directory '\udcff'"),
    ],
)
def test_a_directory_of_something_else_is_refused_with_what_to_do(root: Path, inside: str, message: str) -> None:
    path = root / "table" / inside
    path.parent.mkdir(parents=True)
    path.touch()

    assert message in refusal(root)


def test_no_link_in_a_directory_leads_out_of_the_root(root: Path, tmp_path: Path) -> None:
    write(root, PARTS)
    outside = tmp_path / "outside.parquet"
    pq.write_table(pa.table({"n": [4]}), outside)
    link = root / "table" / "part-2.parquet"
    link.symlink_to(outside)
    assert "lies outside the directory that files may come from" in refusal(root)

    link.unlink()
    link.symlink_to("part-0.parquet")
    assert joined(root).to_pydict() == {"n": [1, 2, 3, 1, 2]}

    (root / "table" / "k=1").symlink_to("..")
    assert "has 'k=1', a link to a directory" in refusal(root)


def test_only_regular_files_of_a_directory_are_read(root: Path) -> None:
    write(root, PARTS)
    os.mkfifo(root / "table" / "part-2.parquet")

    assert "no regular file" in refusal(root)


def test_more_files_than_are_listed_are_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, PARTS)
    monkeypatch.setattr(directories, "PARTS_MAX", 1)

    assert "more than 1 files" in refusal(root)


def added(table: Path) -> None:
    pq.write_table(pa.table({"n": [4]}), table / "part-2.parquet")


def written_anew(table: Path) -> None:
    pq.write_table(pa.table({"n": ["other"]}), table / "part-1.parquet")


def removed(table: Path) -> None:
    (table / "part-1.parquet").unlink()


@pytest.mark.parametrize("change", [added, written_anew, removed])
def test_files_that_change_while_they_are_read_make_no_dataset(root: Path, change: Callable[[Path], None]) -> None:
    write(root, PARTS)
    to = root.parent / "copy"

    def join(directory: directories.Directory, to: Path, *, size_max_bytes: int) -> None:
        change(root / "table")
        joining.join_files(directory, to, size_max_bytes=size_max_bytes)

    with pytest.raises(InvalidInput, match="was changed while it was read"):
        fetching.fetch("table", to, allowed_root=root, allowed_urls=AllowedUrls(), size_max_bytes=10**6, join=join)
    assert not to.exists()


@pytest.mark.parametrize("adapter", [LocalDatasetFiles, IsolatedDatasetFiles], ids=["local", "isolated"])
def test_small_files_that_unfold_to_more_than_a_dataset_may_have_are_refused(
    root: Path, adapter: Callable[..., DatasetFiles]
) -> None:
    small = {"use_dictionary": False, "column_encoding": "DELTA_BINARY_PACKED", "compression": "zstd"}
    write(root, {"part-0.parquet": {"n": range(400_000)}}, **small)
    assert (root / "table" / "part-0.parquet").stat().st_size < SIZE_MAX_BYTES
    to = root.parent / "copy"
    with pytest.raises(UnreadableDataset, match="more than the 500,000 bytes that a dataset may have here"):
        adapter(root, size_max_bytes=SIZE_MAX_BYTES).fetch("table", to)
    assert not to.exists()


@pytest.mark.parametrize("adapter", [LocalDatasetFiles, IsolatedDatasetFiles], ids=["local", "isolated"])
def test_a_disk_that_is_full_is_no_fault_of_the_files(root: Path, adapter: Callable[[Path], DatasetFiles]) -> None:
    write(root, PARTS)
    to = root.parent / "full"
    to.symlink_to("/dev/full")  # a link, because it is removed

    with pytest.raises(OSError, match="No space left on device"):
        adapter(root).fetch("table", to)


@settings(max_examples=examples(20), deadline=None)
@given(data=st.data())
def test_however_rows_lie_in_files_they_are_written_in_groups_to_share(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("root")
    counts = data.draw(st.lists(st.integers(0, 300), min_size=1, max_size=6))
    texts = st.sampled_from(["a", "", "long" * 50, None])
    tables = {
        str(number): pa.table(
            {"t": pa.array([data.draw(texts)] * count, pa.string()), "n": pa.array(range(count), pa.int64())}
        )
        for number, count in enumerate(counts)
    }
    write(root, tables, row_group_size=data.draw(st.integers(1, 400)))

    with pytest.MonkeyPatch.context() as small:
        small.setattr(joining, "GROUP_ROWS", 100)
        found = joined(root)

    assert found.equals(pa.concat_tables(tables.values()))
    metadata = pq.read_metadata(root.parent / "copy")
    sizes = [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]
    assert all(size >= 100 for size in sizes[:-1])
    assert max(sizes, default=0) < 100 + max(counts)
