"""Parquet files, read column by column in small batches: a row group may be as big as it likes.

Values have types of their own here, so no text is taken for a number or for a missing value; missing are
nulls, and NaN among numbers. As in CSV, a column with an integer beyond ±(2^53 - 1) is categorical. Dates and
timestamps are instants; text that is spelled as one is text.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from domain.datasets.values import Column, ColumnType, Contents, DatasetFormat
from infrastructure.datasets.codes import EXACT_INTEGER_MAX
from infrastructure.datasets.instants import as_instants
from infrastructure.datasets.parquet_layout import ParquetColumn, ParquetTable, decoding, opened, require_parquet
from infrastructure.datasets.refusals import infinite, unreadable
from infrastructure.datasets.value_types import VALUE_TYPES

_BATCH_BYTES = 4 * 1024 * 1024
_BATCH_ROWS_MAX = 65_536
_FIXED_WIDTH = frozenset({ColumnType.NUMERIC, ColumnType.BOOLEAN, ColumnType.DATETIME})
_TEXT_ROWS_MAX = 2_048
"""A value that repeats is in the file only once: what is not of fixed width unfolds to more than it claims."""


def inspect_parquet(path: Path) -> Contents:
    """Return what lies in a Parquet file; every value in it is decoded once.

    Raises:
        UnreadableDataset: It is no table; the message says where and why.
    """
    with path.open("rb") as file:
        size_bytes = require_parquet(file)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    with opened(path) as table:
        columns = tuple(_profile(table, column) for column in table.columns)
    return Contents(
        format=DatasetFormat.PARQUET, sha256=sha256, size_bytes=size_bytes, rows=table.rows, columns=columns
    )


def read_parquet(path: Path, columns: Sequence[Column]) -> pa.Table:
    """Return the columns' values.

    Raises:
        UnreadableDataset: The file is not the one that was inspected.
        KeyError: The same: a column is not there.
        pyarrow.ArrowException: The same: a value is not of its column's type.
    """
    with opened(path) as table:
        return _typed(columns, table, lambda column: _cells(table, column))


def read_parquet_slices(path: Path, columns: Sequence[Column], slices: Mapping[int, Sequence[range]]) -> pa.Table:
    """Return the columns' values in some rows; of a row group, no more than these rows are in memory.

    Args:
        path: The file.
        columns: Of the table.
        slices: Row group → places of rows in it.

    Raises:
        UnreadableDataset: The file is not the one that was inspected.
        KeyError: The same: a column is not there.
        pyarrow.ArrowException: The same: a value is not of its column's type.
    """
    with opened(path) as table:
        return _typed(
            columns,
            table,
            lambda column: (
                cells
                for index, spans in slices.items()
                for cells in _within(_group_cells(table, column, index), spans)
            ),
        )


def _typed(
    columns: Sequence[Column], table: ParquetTable, cells_of: Callable[[ParquetColumn], Iterable[pa.Array]]
) -> pa.Table:
    """Return what `cells_of` finds in the columns of the file, as values of the columns' types."""
    found = {column.name: column for column in table.columns}
    return pa.table(
        {
            column.name: pa.chunked_array(
                [to_values(cells, column.type) for cells in cells_of(found[column.name])],
                type=VALUE_TYPES[column.type],
            )
            for column in columns
        }
    )


def read_parquet_cells(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield all rows in batches of a few MiB, each cell as it is in the file, and checked to be sound.

    Raises:
        UnreadableDataset: They cannot be decoded.
    """
    with opened(path) as table:
        yield from cells_of(table)


def cells_of(table: ParquetTable) -> Iterator[pa.RecordBatch]:
    """Yield all rows of an open file, as `read_parquet_cells` does.

    Raises:
        UnreadableDataset: They cannot be decoded.
    """
    has_text = any(column.type not in _FIXED_WIDTH for column in table.columns)
    rows_max = _TEXT_ROWS_MAX if has_text else _BATCH_ROWS_MAX
    for index in range(table.file.num_row_groups):
        with decoding(f"is damaged in row group {index}, or encoded in a way not supported: write it again."):
            group = table.file.metadata.row_group(index)
            row_bytes = max(1, group.total_byte_size // max(1, group.num_rows))
            size = max(1, min(rows_max, _BATCH_BYTES // row_bytes))
            for batch in table.file.iter_batches(size, row_groups=[index], use_threads=False):
                batch.validate(full=True)
                yield batch


def to_values(cells: pa.Array, column_type: ColumnType) -> pa.Array:
    """Return the cells as float64, bool, string or instants; null where missing.

    Raises:
        pyarrow.ArrowException: A cell is not of the type.
    """
    if pt.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if column_type is ColumnType.DATETIME:
        return as_instants(cells)
    if pt.is_decimal(cells.type):
        # The direct way to a float can be off by its last digit.
        cells = pc.cast(cells, pa.string())
    # A decimal becomes the nearest float: no model could use its last digits.
    values = pc.cast(cells, VALUE_TYPES[column_type], safe=False)
    if column_type is ColumnType.NUMERIC:
        return pc.if_else(pc.is_nan(values), None, values)
    return values


def _profile(table: ParquetTable, column: ParquetColumn) -> Column:
    rows = missing = 0
    column_type = column.type
    for cells in _cells(table, column):
        if column.type is ColumnType.NUMERIC:
            values = to_values(cells, column.type)
            missing += values.null_count
            at = pc.index(pc.is_inf(values), True).as_py()
            if at >= 0:
                raise infinite(column.name, rows + at)
            if _is_whole(cells.type) and pc.any(pc.greater(pc.abs(values), EXACT_INTEGER_MAX)).as_py():
                column_type = ColumnType.CATEGORICAL
        else:
            missing += cells.null_count
            if column.type is ColumnType.DATETIME and not _are_instants(cells):
                column_type = ColumnType.OTHER
        rows += len(cells)
    return Column(name=column.name, type=column_type, missing=missing)


def _are_instants(cells: pa.Array) -> bool:
    """Tell whether all lie within what can be counted."""
    try:
        to_values(cells, ColumnType.DATETIME)
    except pa.ArrowInvalid:
        return False
    return True


def _is_whole(arrow_type: pa.DataType) -> bool:
    if pt.is_dictionary(arrow_type):
        arrow_type = arrow_type.value_type
    return bool(pt.is_integer(arrow_type) or (pt.is_decimal(arrow_type) and arrow_type.scale == 0))


def _cells(table: ParquetTable, column: ParquetColumn) -> Iterator[pa.Array]:
    """Yield the column's cells in batches of a few MiB, each checked to be sound.

    Raises:
        UnreadableDataset: They cannot be decoded, or are not as many as the footer says.
    """
    rows = 0
    for index in range(table.file.num_row_groups):
        for cells in _group_cells(table, column, index):
            rows += len(cells)
            yield cells
    if rows != table.rows:
        raise unreadable(
            f"is damaged: {table.rows:,} rows, but {rows:,} in column {column.name!r}: write it again."
        )


def _group_cells(table: ParquetTable, column: ParquetColumn, index: int) -> Iterator[pa.Array]:
    rows_max = _BATCH_ROWS_MAX if column.type in _FIXED_WIDTH else _TEXT_ROWS_MAX
    place = f"column {column.name!r}, row group {index}"
    with decoding(f"is damaged in {place}, or encoded in a way not supported: write it again."):
        group = table.file.metadata.row_group(index)
        row_bytes = max(1, column.claimed_bytes(group) // max(1, group.num_rows))
        size = max(1, min(rows_max, _BATCH_BYTES // row_bytes))
        for batch in table.file.iter_batches(size, row_groups=[index], columns=[column.name], use_threads=False):
            cells = batch.column(column.name)
            cells.validate(full=True)
            yield cells


def _within(batches: Iterator[pa.Array], spans: Sequence[range]) -> Iterator[pa.Array]:
    """Yield the cells whose places are in one of the spans."""
    first = 0
    for cells in batches:
        for span in spans:
            start, stop = max(0, span.start - first), min(len(cells), span.stop - first)
            if start < stop:
                yield cells.slice(start, stop - start)
        first += len(cells)
