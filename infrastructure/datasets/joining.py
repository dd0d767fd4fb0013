"""Many Parquet files as one, in bounded memory: whatever reads datasets need not know that they were many."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from domain.datasets.errors import UnreadableDataset
from infrastructure.datasets.directories import Directory, PartFile
from infrastructure.datasets.hive import directory_columns
from infrastructure.datasets.local_uris import open_below, path_of
from infrastructure.datasets.parquet_files import cells_of
from infrastructure.datasets.parquet_layout import ParquetTable, decoding, opened, require_parquet
from infrastructure.datasets.refusals import unreadable

GROUP_ROWS = 131_072
"""About so many rows are in a row group, whatever they were in: so that there are some to share."""
_GROUP_BYTES = 32 * 1024 * 1024


def join_files(directory: Directory, to: Path, *, size_max_bytes: int) -> None:
    """Write the rows of all files, in their order, to a new one.

    Columns are those of the first file, then those that directories stand for. Files agree in their columns'
    names and types; where one has nothing but missing values in a column, it need not know its type.

    Args:
        directory: The files.
        to: Where nothing lies yet.
        size_max_bytes: Of more, no more than a row group is written: small files may unfold to any size.

    Raises:
        InvalidInput: A file cannot be opened.
        UnreadableDataset: One cannot be read, or does not agree with those before it: which, and why. Or all
            together are too many bytes.
        OSError: The new file cannot be written.
    """
    keys = directory_columns([part.name for part in directory.parts])
    schema = _agreed(directory, keys)
    with pa.OSFile(str(to), "wb") as sink, pq.ParquetWriter(sink, schema) as writer:
        for group in _groups(_rows(directory, keys, schema)):
            writer.write_table(group, row_group_size=group.num_rows)
            if sink.tell() > size_max_bytes:
                raise unreadable(
                    f"takes more than the {size_max_bytes:,} bytes that a dataset may have here, written as one: "
                    "register fewer files at a time, or let the operator set ML_SERVICE_UPLOAD_MAX_BYTES."
                )


@contextmanager
def _opened(directory: Directory, part: PartFile) -> Iterator[ParquetTable]:
    """Open one of the files, and name it where it cannot be read."""
    uri = f"{directory.uri.rstrip('/')}/{part.name}"
    file = open_below(directory.root, path_of(directory.uri) / part.name, uri=uri)
    try:
        with file:
            require_parquet(file)
            with opened(file, may_be_empty=True) as table:
                yield table
    except UnreadableDataset as error:
        told = "; ".join(problem.message for problem in error.problems)
        raise unreadable(f"{part.name!r} {told}") from error


def _agreed(directory: Directory, keys: Mapping[str, pa.Array]) -> pa.Schema:
    """Return the columns that all files have."""
    first = directory.parts[0].name
    types: dict[str, pa.DataType] = {}
    for part in directory.parts:
        with _opened(directory, part) as table:
            found = {field.name: _plain(field.type) for field in table.file.schema_arrow}
        if both := [name for name in found if name in keys]:
            raise unreadable(
                f"{part.name!r} has the column {both[0]!r}, as its directory has: leave out one of them."
            )
        types = types or dict(found)
        if different := sorted(types.keys() ^ found.keys()):
            has = "has" if different[0] in found else "has not"
            raise unreadable(
                f"{part.name!r} {has} the column {different[0]!r}, otherwise than {first!r}: "
                "write all files with the same columns."
            )
        for name, found_type in found.items():
            if pt.is_null(types[name]):
                types[name] = found_type
            elif found_type != types[name] and not pt.is_null(found_type):
                raise unreadable(
                    f"{part.name!r} has {found_type} in the column {name!r}, files before it have {types[name]}: "
                    "write all of them with the same type."
                )
    return pa.schema({**types, **{key: values.type for key, values in keys.items()}})


def _rows(directory: Directory, keys: Mapping[str, pa.Array], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for number, part in enumerate(directory.parts):
        with _opened(directory, part) as table:
            for batch in cells_of(table):
                columns = [
                    pa.repeat(keys[field.name][number], batch.num_rows)
                    if field.name in keys
                    else _cast(batch.column(field.name), field.type)
                    for field in schema
                ]
                yield pa.record_batch(columns, schema=schema)


def _groups(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    gathered: list[pa.RecordBatch] = []
    rows = size_bytes = 0
    for batch in batches:
        gathered.append(batch)
        rows += batch.num_rows
        size_bytes += batch.nbytes
        if rows >= GROUP_ROWS or size_bytes >= _GROUP_BYTES:
            yield pa.Table.from_batches(gathered)
            gathered, rows, size_bytes = [], 0, 0
    if rows:
        yield pa.Table.from_batches(gathered)


def _plain(arrow_type: pa.DataType) -> pa.DataType:
    """Return the type by which files of different writers agree: text is text, however it lies in memory."""
    if pt.is_dictionary(arrow_type):
        return _plain(arrow_type.value_type)
    if pt.is_large_string(arrow_type) or pt.is_string_view(arrow_type):
        return pa.string()
    return arrow_type


def _cast(cells: pa.Array, to: pa.DataType) -> pa.Array:
    if pt.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    with decoding("cannot be read as the others are: write all files with the same types."):
        return cells if cells.type == to else cells.cast(to)
