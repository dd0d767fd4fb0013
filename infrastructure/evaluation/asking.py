"""Asking a predictor for rows of a table, as it would be asked once it serves."""

import numpy as np
import pyarrow as pa

from application.ports.predictor import Rows
from domain.datasets.values import Column, ColumnType
from domain.inference.conformance import Schema
from domain.inference.values import Feature, FeatureType
from infrastructure.learning.encoding import encode_rows


class Unaskable(Exception):
    """The table does not have what the predictor asks for; the message says what."""


def rows_for(schema: Schema, table: pa.Table, columns: tuple[Column, ...]) -> Rows:
    """Return the rows as the predictor takes them.

    Args:
        schema: What it asks for.
        table: Rows.
        columns: Of the table, with their types.

    Raises:
        Unaskable: A feature is no column, or one of another type.
    """
    types = {column.name: column.type for column in columns}
    for feature in schema.features:
        found = types.get(feature.name)
        if found is None or found != _column_type(feature):
            is_what = "is no column that was read" if found is None else f"is {found} here"
            msg = f"it asks for {feature.name!r} of type {feature.type}, which {is_what}"
            raise Unaskable(msg)
    plain = [place for place in range(len(schema.features)) if place not in schema.objects]
    numbers = np.full((table.num_rows, len(schema.features)), np.nan)
    if plain:
        features = [schema.features[place] for place in plain]
        numbers[:, plain] = encode_rows(features, table, rows=np.arange(table.num_rows))
    return Rows(numbers, {place: table.column(schema.names[place]).to_pylist() for place in schema.objects})


def _column_type(feature: Feature) -> ColumnType | None:
    if feature.type is FeatureType.NESTED:
        return None
    return ColumnType.CATEGORICAL if feature.type is FeatureType.TEXT else ColumnType(feature.type.value)
