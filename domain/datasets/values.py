"""The words of datasets."""

from enum import StrEnum

from domain.kernel import Immutable

COLUMNS_MAX = 4_000
SCHEMA_MAX_BYTES = 256 * 1024
"""The schema travels in events and, twice, in a training's plan: each must fit one message of 1 MiB."""
_COLUMN_BYTES = len('{"name":"","type":"categorical","missing":9999999999},')


def names_max_bytes(columns: int) -> int:
    """Return what the names of so many columns may take together, in bytes of UTF-8 as JSON."""
    return SCHEMA_MAX_BYTES - columns * _COLUMN_BYTES


class ColumnType(StrEnum):
    """How a column is learned from.

    `numeric`: numbers. `categorical`: text, few distinct values. `boolean`: true or false. `datetime`: dates or
    instants. `other`: what no feature is made of (nested values); kept, never learned from.
    """

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    OTHER = "other"


class DatasetFormat(StrEnum):
    """How a dataset's bytes are to be read."""

    CSV = "csv"
    PARQUET = "parquet"


class Column(Immutable):
    """One column of a dataset.

    Attributes:
        name: Unique in the dataset.
        type: How it is learned from.
        missing: How many rows have no value in it.
    """

    name: str
    type: ColumnType
    missing: int


class Contents(Immutable):
    """What was found in a dataset's bytes.

    Attributes:
        format: How they were read.
        sha256: Their hash, lower-case hexadecimal.
        size_bytes: Their number.
        rows: Rows, without the header.
        columns: In the file's order.
    """

    format: DatasetFormat
    sha256: str
    size_bytes: int
    rows: int
    columns: tuple[Column, ...]
