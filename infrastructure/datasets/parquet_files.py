"""Parquet files, read column by column in small batches: a row group may be as big as it likes.

Values have types of their own here, so no text is taken for a number or for a missing value; missing are
nulls, and NaN among numbers.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

from domain.datasets.values import Column, ColumnType, Contents, DatasetFormat
from infrastructure.datasets.column_names import require_names
from infrastructure.datasets.refusals import infinite, unreadable
from infrastructure.datasets.value_types import VALUE_TYPES

ROWS_MAX = 2**31 - 1
"""LightGBM counts rows in 32 bits; and a few bytes of Parquet can claim any number of equal rows."""
FOOTER_MAX_BYTES = 16 * 1024 * 1024
"""The footer is decoded in memory as a whole, several times its size."""

_MAGIC = b"PAR1"
_TRAILER_BYTES = 8
"""The footer's length in four bytes, then the magic."""
_BATCH_BYTES = 4 * 1024 * 1024
_BATCH_ROWS_MAX = 65_536
_BUFFER_BYTES = 256 * 1024


def inspect_parquet(path: Path) -> Contents:
    """Return what lies in a Parquet file; every value in it is decoded once.

    Raises:
        UnreadableDataset: It is no table; the message says where and why.
    """
    with path.open("rb") as file:
        size_bytes = _require_parquet(file)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    with _opened(path) as parquet:
        rows = parquet.metadata.num_rows
        columns = tuple(_profile(parquet, index) for index in range(len(parquet.schema_arrow)))
    pa.default_memory_pool().release_unused()
    return Contents(format=DatasetFormat.PARQUET, sha256=sha256, size_bytes=size_bytes, rows=rows, columns=columns)


def read_parquet(path: Path, columns: Sequence[Column]) -> pa.Table:
    """Return the columns' values.

    Raises:
        UnreadableDataset: The file is not the one that was inspected.
    """
    with _opened(path) as parquet:
        indexes = {name: index for index, name in enumerate(parquet.schema_arrow.names)}
        return pa.table(
            {
                column.name: pa.chunked_array(
                    [_to_values(cells, column.type) for cells in _cells(parquet, indexes[column.name])],
                    type=VALUE_TYPES[column.type],
                )
                for column in columns
            }
        )


def _require_parquet(file: BinaryIO) -> int:
    """Look at both ends of the file, leave it at its beginning, and return its size in bytes."""
    begin = file.read(4)
    if not begin:
        raise unreadable("is empty: send a Parquet file with at least one row.")
    if begin == b"PARE":
        raise unreadable("is encrypted Parquet: write it without encryption.")
    if begin != _MAGIC:
        raise unreadable("is not Parquet, which begins with the letters PAR1: send it as what it is.")
    size_bytes = file.seek(0, 2)
    file.seek(max(4, size_bytes - _TRAILER_BYTES))
    end = file.read()
    if len(end) < _TRAILER_BYTES or end[4:] != _MAGIC:
        raise unreadable("is Parquet that was cut off, its end is missing: write or send it again.")
    if int.from_bytes(end[:4], "little") > FOOTER_MAX_BYTES:
        limit = FOOTER_MAX_BYTES // 1024 // 1024
        raise unreadable(f"has a Parquet footer of more than {limit} MiB: write fewer, larger row groups.")
    file.seek(0)
    return size_bytes


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """Open the file with its schema accepted; text stays dictionary-encoded, however often it repeats."""
    with pa.OSFile(str(path)) as file:
        with _decoding("has a footer that is damaged or not supported: write it again."):
            footer = pq.ParquetFile(file)
            fields = list(footer.schema_arrow)
        require_names([field.name for field in fields])
        rows = footer.metadata.num_rows
        if rows > ROWS_MAX:
            raise unreadable(f"has {rows:,} rows, at most {ROWS_MAX:,} are read: send fewer.")
        if rows <= 0:
            raise unreadable("has columns but no rows: add rows.")
        texts = [field.name for field in fields if _column_type(field.type) is ColumnType.CATEGORICAL]
        with _decoding("has a schema that is not supported: write it again with simpler types."):
            parquet = pq.ParquetFile(
                file,
                metadata=footer.metadata,
                read_dictionary=texts,
                buffer_size=_BUFFER_BYTES,
                page_checksum_verification=True,
            )
        yield parquet


@contextmanager
def _decoding(problem: str) -> Iterator[None]:
    """Refuse the file when decoding fails. Arrow's own words may name paths; they stay out of the message."""
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError, MemoryError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise unreadable(problem) from error


def _profile(parquet: pq.ParquetFile, index: int) -> Column:
    field = parquet.schema_arrow.field(index)
    column_type = _column_type(field.type)
    rows = missing = 0
    for cells in _cells(parquet, index):
        if column_type is ColumnType.NUMERIC:
            values = _to_values(cells, column_type)
            missing += values.null_count
            at = pc.index(pc.is_inf(values), True).as_py()
            if at >= 0:
                raise infinite(field.name, rows + at)
        else:
            missing += cells.null_count
        rows += len(cells)
    return Column(name=field.name, type=column_type, missing=missing)


def _column_type(arrow_type: pa.DataType) -> ColumnType:
    if pt.is_dictionary(arrow_type):
        arrow_type = arrow_type.value_type
    if pt.is_boolean(arrow_type):
        return ColumnType.BOOLEAN
    if pt.is_integer(arrow_type) or pt.is_floating(arrow_type) or pt.is_decimal(arrow_type):
        return ColumnType.NUMERIC
    if pt.is_null(arrow_type):
        return ColumnType.NUMERIC
    if pt.is_string(arrow_type) or pt.is_large_string(arrow_type) or pt.is_string_view(arrow_type):
        return ColumnType.CATEGORICAL
    return ColumnType.OTHER


def _to_values(cells: pa.Array, column_type: ColumnType) -> pa.Array:
    if pt.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    # A whole number beyond 2**53 becomes the nearest float: no model could use its last digits.
    values = pc.cast(cells, VALUE_TYPES[column_type], safe=False)
    if column_type is ColumnType.NUMERIC:
        return pc.if_else(pc.is_nan(values), None, values)
    return values


def _cells(parquet: pq.ParquetFile, index: int) -> Iterator[pa.Array]:
    """Yield the column's cells in batches of a few MiB, each checked to be sound."""
    name = parquet.schema_arrow.field(index).name
    rows = 0
    for group in range(parquet.num_row_groups):
        with _decoding(
            f"is damaged in column {name!r}, row group {group}, or encoded as not supported: write it again."
        ):
            size = _batch_rows(parquet, index, group)
            for batch in parquet.iter_batches(size, row_groups=[group], columns=[name], use_threads=False):
                cells = batch.column(name)
                cells.validate(full=True)
                rows += len(cells)
                yield cells
    if rows != parquet.metadata.num_rows:
        raise unreadable(
            f"is damaged: column {name!r} has {rows:,} rows of {parquet.metadata.num_rows:,}. Write it again."
        )


def _batch_rows(parquet: pq.ParquetFile, index: int, group: int) -> int:
    """Return how many rows to decode at once, by the size that the column claims in this row group."""
    leaves = [_leaves(field.type) for field in parquet.schema_arrow]
    first = sum(leaves[:index])
    row_group = parquet.metadata.row_group(group)
    chunks = (row_group.column(leaf) for leaf in range(first, first + leaves[index]))
    size_bytes: int = sum(chunk.total_uncompressed_size for chunk in chunks)
    row_bytes = size_bytes // max(1, row_group.num_rows)
    return max(1, min(_BATCH_ROWS_MAX, _BATCH_BYTES // max(1, row_bytes)))


def _leaves(arrow_type: pa.DataType) -> int:
    """Return how many Parquet columns hold a column of this type."""
    fields = range(arrow_type.num_fields)
    return sum(_leaves(arrow_type.field(index).type) for index in fields) or 1
