"""Tables for tests of reading: large ones from a seed, and a reading of small ones in plain Python."""

import csv
import hashlib
import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from domain.datasets.values import Column, ColumnType, Contents, DatasetFormat

Row = Sequence[str]

MISSING_SPELLINGS = frozenset(
    ["", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "NAN", "nan", "NULL", "Null", "null", "None"]
)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INSTANT = re.compile(r"[1-9]\d{3}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?)?", re.ASCII)
_LEADING_ZERO = re.compile(r"[+-]?0\d", re.ASCII)


def write_csv(path: Path, header: Row, rows: Sequence[Row], **dialect: Any) -> Path:
    """Write text cells as Python's csv module does."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, **dialect)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def contents_by_hand(path: Path, header: Row, rows: Sequence[Row]) -> Contents:
    """Return what the rules say of the cells, without any library's help."""
    columns = [[row[index] for row in rows] for index in range(len(header))]
    return Contents(
        format=DatasetFormat.CSV,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        size_bytes=path.stat().st_size,
        rows=len(rows),
        columns=tuple(
            Column(name=name, type=type_by_hand(cells), missing=sum(is_missing(cell) for cell in cells))
            for name, cells in zip(header, columns, strict=True)
        ),
    )


def is_missing(cell: str) -> bool:
    """Tell whether a CSV cell has no value."""
    return cell.strip(" \t") in MISSING_SPELLINGS


def type_by_hand(cells: Sequence[str]) -> ColumnType:
    """Return the type of a column that holds these CSV cells, none of them infinite."""
    present = [cell.strip(" \t") for cell in cells if not is_missing(cell)]
    if all(_NUMBER.fullmatch(cell) and not is_code(cell) for cell in present):
        return ColumnType.NUMERIC
    if all(cell.lower() in {"true", "false"} for cell in present):
        return ColumnType.BOOLEAN
    if all(_INSTANT.fullmatch(cell) and is_instant(cell) for cell in present):
        return ColumnType.DATETIME
    return ColumnType.CATEGORICAL


def is_instant(cell: str) -> bool:
    """Tell whether there is such a day and hour."""
    try:
        instant_by_hand(cell)
    except ValueError:
        return False
    return True


def instant_by_hand(cell: str) -> datetime:
    """Return the instant, in UTC, to the microsecond."""
    found = datetime.fromisoformat(cell)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def is_code(number: str) -> bool:
    """Tell whether a number as a float64 might not be what was written."""
    is_whole = number.lstrip("+-").isdecimal()
    return bool(_LEADING_ZERO.match(number)) or (is_whole and abs(int(number)) >= 2**53)


def values_by_hand(cells: Sequence[str]) -> list[Any]:
    """Return the values of a column that holds these CSV cells; None where missing."""
    convert: dict[ColumnType, Callable[[str], Any]] = {
        ColumnType.NUMERIC: lambda cell: float(cell.strip(" \t")),
        ColumnType.BOOLEAN: lambda cell: cell.strip(" \t").lower() == "true",
        ColumnType.CATEGORICAL: lambda cell: cell,
        ColumnType.DATETIME: lambda cell: instant_by_hand(cell.strip(" \t")),
    }
    read = convert[type_by_hand(cells)]
    return [None if is_missing(cell) else read(cell) for cell in cells]


def is_missing_value(value: Any) -> bool:
    """Tell whether a typed value stands for no value."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def write_large(
    path: Path, *, size_bytes: int, numeric: int = 20, text: int = 5, batch_rows: int = 20_000, seed: int = 0
) -> int:
    """Write a CSV or Parquet file (by its suffix) of at least this size and return its rows.

    Columns `n0`, `n1`, … are numbers, a hundredth of them missing; `t0`, `t1`, … words, 1,000 different
    ones. The batches of rows repeat. Parquet has row groups of 40 batches and no compression.
    """
    generator = np.random.default_rng(seed)
    batches = [_random_batch(generator, batch_rows, numeric, text) for _ in range(4)]
    rows = 0
    with path.open("wb") as file, _writer(file, path.suffix, batches[0].schema) as writer:
        while file.tell() < size_bytes:
            table = (
                pa.Table.from_batches(batches * 10)
                if path.suffix == ".parquet"
                else pa.Table.from_batches(batches[:1])
            )
            writer.write_table(table, table.num_rows)
            rows += table.num_rows
    return rows


def _writer(file: BinaryIO, suffix: str, schema: pa.Schema) -> pa_csv.CSVWriter | pq.ParquetWriter:
    if suffix == ".csv":
        return pa_csv.CSVWriter(file, schema)
    return pq.ParquetWriter(file, schema, compression="none", use_dictionary=False)


def _random_batch(generator: np.random.Generator, rows: int, numeric: int, text: int) -> pa.RecordBatch:
    words = np.array([f"word {index:03d}" for index in range(1_000)])
    columns: dict[str, pa.Array] = {}
    for index in range(numeric):
        columns[f"n{index}"] = pa.array(generator.normal(size=rows), mask=generator.random(rows) < 0.01)
    for index in range(text):
        columns[f"t{index}"] = pa.array(words[generator.integers(len(words), size=rows)])
    return pa.RecordBatch.from_pydict(columns)
