"""A registered table as arrays, for training."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from domain.datasets.errors import UnreadableDataset
from domain.datasets.values import Contents, DatasetFormat
from infrastructure.datasets.csv_files import read_csv
from infrastructure.datasets.parquet_files import read_parquet
from infrastructure.datasets.refusals import unreadable
from infrastructure.datasets.value_types import VALUE_TYPES

_READERS = {DatasetFormat.CSV: read_csv, DatasetFormat.PARQUET: read_parquet}


def read_table(path: Path, *, contents: Contents, columns: Sequence[str]) -> pa.Table:
    """Return the named columns, in that order, by the very rules that found their types.

    Args:
        path: The dataset's bytes.
        contents: What was found in them.
        columns: At least one, each once: numeric (→ float64), boolean (→ bool), categorical (→ string) or datetime
            (→ timestamp in UTC) columns; null where missing.

    Raises:
        KeyError: A column does not exist.
        ValueError: A column has no values to learn from.
        UnreadableDataset: The bytes are not those that were inspected.
    """
    by_name = {column.name: column for column in contents.columns}
    wanted = [by_name[name] for name in columns]
    if without := [column.name for column in wanted if column.type not in VALUE_TYPES]:
        msg = f"columns without values to learn from: {without}"
        raise ValueError(msg)
    try:
        table = _READERS[contents.format](path, wanted)
    except (UnreadableDataset, pa.ArrowInvalid, pa.ArrowNotImplementedError, KeyError) as error:
        raise _changed() from error
    if table.num_rows != contents.rows:
        raise _changed()
    return table


def _changed() -> UnreadableDataset:
    return unreadable("is not what was registered: register it again.")
