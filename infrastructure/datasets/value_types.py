"""How the values of each type of column lie in memory."""

from collections.abc import Mapping

import pyarrow as pa

from domain.datasets.values import ColumnType
from infrastructure.datasets.instants import INSTANTS

VALUE_TYPES: Mapping[ColumnType, pa.DataType] = {
    ColumnType.NUMERIC: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.CATEGORICAL: pa.string(),
    ColumnType.DATETIME: INSTANTS,
}
"""Null is a missing value in each. What is of type `other` has no values to learn from."""
