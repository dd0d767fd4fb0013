"""Columns that are written in the names of directories: `year=2024/month=01/part-0.parquet`.

They mean what the same text would mean in a column of a CSV file.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

import pyarrow as pa

from infrastructure.datasets.cells import CellProfile, to_values
from infrastructure.datasets.refusals import unreadable
from infrastructure.datasets.value_types import VALUE_TYPES

_MISSING = "__HIVE_DEFAULT_PARTITION__"


def directory_columns(names: Sequence[str]) -> Mapping[str, pa.Array]:
    """Return the columns that directories stand for, each with one value for every file, null where missing.

    Args:
        names: The files' paths, at least one.

    Raises:
        UnreadableDataset: Some lie in directories of other keys than others.
    """
    found = [_pairs(name) for name in names]
    keys = tuple(key for key, _ in found[0])
    for name, pairs in zip(names, found, strict=True):
        if tuple(key for key, _ in pairs) != keys:
            raise unreadable(
                f"has {names[0]!r} and {name!r}, in directories of different keys: write all files with the same."
            )
    if len(set(keys)) < len(keys):
        raise unreadable(f"has {names[0]!r}, with one key twice: write every key once.")
    return {key: _column(key, [pairs[place][1] for pairs in found]) for place, key in enumerate(keys)}


def _pairs(name: str) -> list[tuple[str, str | None]]:
    pairs = []
    for directory in name.split("/")[:-1]:
        key, _, value = directory.partition("=")
        pairs.append((unquote(key), None if value == _MISSING else unquote(value)))
    return pairs


def _column(key: str, values: Sequence[str | None]) -> pa.Array:
    cells = pa.array(values, pa.string())
    profile = CellProfile(key)
    profile.add(cells)
    column_type = profile.type()
    return pa.array(to_values(cells, column_type), VALUE_TYPES[column_type])
