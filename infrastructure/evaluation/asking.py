"""Asking a predictor for rows of a table, as it would be asked once it serves."""

import numpy as np
import pyarrow as pa

from application.ports.predictor import Rows, rows_of
from domain.datasets.values import Column, ColumnType
from domain.inference.conformance import Schema
from domain.inference.values import Feature, FeatureType
from domain.training.values import TrainingPlan
from infrastructure.learning.encoding import encode_rows
from infrastructure.learning.forecast_inputs import EXOGENOUS, SERIES
from infrastructure.learning.forecast_questions import HORIZON
from infrastructure.learning.series import series_name
from infrastructure.learning.trained import HeldOut, Trained

_SERIES_MAX = 20


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


def forecasts_for(plan: TrainingPlan, trained: Trained, schema: Schema, held_out: HeldOut, *, steps: int) -> Rows:
    """Return what asks for a forecast of some series, as if what is known of their held-out rows were to come.

    Args:
        plan: What was trained by.
        trained: What forecasts.
        schema: What it asks for.
        held_out: Rows of all series.
        steps: So many are forecast at most, but those of one series at least.
    """
    horizon = int(trained.manifest.parameters["horizon"])
    names = trained.manifest.settings[SERIES] or [None]
    known = held_out.table.select([column.name for column in plan.features]).to_pylist()
    of_rows: list[str | None] = [None] * len(known)
    if plan.series is not None:
        of_rows = [series_name(value) for value in held_out.table.column(plan.series.name).to_pylist()]
    instances = []
    for name in names[: max(1, min(_SERIES_MAX, steps // horizon))]:
        future = [row for row, series in zip(known, of_rows, strict=True) if series == name] or known
        exogenous = [future[step % len(future)] for step in range(horizon)]
        asked = {HORIZON: horizon, SERIES: name, EXOGENOUS: exogenous}
        instances.append({feature: asked[feature] for feature in schema.names})
    return rows_of(schema, schema.conform(instances))


def _column_type(feature: Feature) -> ColumnType | None:
    if feature.type is FeatureType.NESTED:
        return None
    return ColumnType.CATEGORICAL if feature.type is FeatureType.TEXT else ColumnType(feature.type.value)
