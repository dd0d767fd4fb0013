"""A Parquet file as its footer describes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from domain.datasets.values import ColumnType
from infrastructure.datasets.column_names import require_names
from infrastructure.datasets.refusals import unreadable

ROWS_MAX = 2**31 - 1
"""LightGBM counts rows in 32 bits."""

_MAGIC = b"PAR1"
_TRAILER_BYTES = 8
"""The footer's length in four bytes, then the magic."""
_BUFFER_BYTES = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class ParquetColumn:
    """One column of the table.

    Attributes:
        leaves: The Parquet columns that hold it, by number; several for a nested one.
    """

    name: str
    type: ColumnType
    leaves: range

    def claimed_bytes(self, group: pq.RowGroupMetaData) -> int:
        """Return how much the column takes in the row group, uncompressed, by the file's own words."""
        return sum(group.column(leaf).total_uncompressed_size for leaf in self.leaves)


@dataclass(frozen=True, kw_only=True)
class ParquetTable:
    """An open file and the columns found in it."""

    file: pq.ParquetFile
    rows: int
    columns: tuple[ParquetColumn, ...]


def require_parquet(file: BinaryIO) -> int:
    """Look at both ends of the file, leave it at its beginning, and return its size in bytes.

    Raises:
        UnreadableDataset: They are not those of a Parquet file.
    """
    begin = file.read(len(_MAGIC))
    if not begin:
        raise unreadable("is empty: send a Parquet file with at least one row.")
    if begin == b"PARE":
        raise unreadable("is encrypted Parquet: write it without encryption.")
    if begin != _MAGIC:
        raise unreadable("is not Parquet, which begins with the letters PAR1: send it as what it is.")
    size_bytes = file.seek(0, 2)
    file.seek(max(len(_MAGIC), size_bytes - _TRAILER_BYTES))
    end = file.read()
    if len(end) < _TRAILER_BYTES or not end.endswith(_MAGIC):
        raise unreadable("is Parquet that was cut off, its end is missing: write or send it again.")
    file.seek(0)
    return size_bytes


@contextmanager
def opened(source: Path | BinaryIO, *, may_be_empty: bool = False) -> Iterator[ParquetTable]:
    """Open the file; one that is given open is closed at the end.

    Raises:
        UnreadableDataset: The footer is damaged, or describes no table that can be learned from.
    """
    with pa.OSFile(str(source)) if isinstance(source, Path) else pa.PythonFile(source) as file:
        with decoding("has a footer that is damaged or not supported: write it again."):
            parquet = pq.ParquetFile(
                file,
                buffer_size=_BUFFER_BYTES,
                pre_buffer=False,  # which would have all of a row group in memory, whatever the buffer's size
                page_checksum_verification=True,
            )
            fields = list(parquet.schema_arrow)
        require_names([field.name for field in fields])
        rows = parquet.metadata.num_rows
        if rows > ROWS_MAX:
            raise unreadable(f"has {rows:,} rows, at most {ROWS_MAX:,} are read: send fewer.")
        if rows <= 0 and not may_be_empty:
            raise unreadable("has columns but no rows: add rows.")
        yield ParquetTable(file=parquet, rows=rows, columns=tuple(_columns(fields)))


@contextmanager
def decoding(problem: str) -> Iterator[None]:
    """Refuse the file when decoding fails. Arrow's own words may name paths; they stay out of the message.

    Raises:
        MemoryError: As it comes: it tells nothing certain about the file.
    """
    try:
        yield
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise unreadable(problem) from error


def _columns(fields: list[pa.Field]) -> Iterator[ParquetColumn]:
    first = 0
    for field in fields:
        leaves = range(first, first + _count_leaves(field.type))
        first = leaves.stop
        yield ParquetColumn(name=field.name, type=_column_type(field.type), leaves=leaves)


def _count_leaves(arrow_type: pa.DataType) -> int:
    fields: int = arrow_type.num_fields
    return sum(_count_leaves(arrow_type.field(index).type) for index in range(fields)) or 1


def _column_type(arrow_type: pa.DataType) -> ColumnType:
    if pt.is_dictionary(arrow_type):
        arrow_type = arrow_type.value_type
    if pt.is_boolean(arrow_type):
        return ColumnType.BOOLEAN
    if pt.is_integer(arrow_type) or pt.is_floating(arrow_type) or pt.is_decimal(arrow_type):
        return ColumnType.NUMERIC
    if pt.is_timestamp(arrow_type) or pt.is_date(arrow_type):
        return ColumnType.DATETIME
    if pt.is_null(arrow_type):
        return ColumnType.NUMERIC
    if pt.is_string(arrow_type) or pt.is_large_string(arrow_type) or pt.is_string_view(arrow_type):
        return ColumnType.CATEGORICAL
    return ColumnType.OTHER
