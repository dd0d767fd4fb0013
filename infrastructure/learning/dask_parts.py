"""What workers of a Dask cluster do: each reads some row groups of a dataset, and nobody else has their rows."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import lightgbm  # noqa: F401 - as a whole, before others here load what they need of it: workers train with it
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from application.ports.artifacts import opened
from domain.datasets.values import Column, ColumnType
from domain.inference.values import Feature
from domain.models.values import ModelType
from domain.training.values import TrainingPlan
from infrastructure.artifacts.opening import artifacts_at
from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.datasets.parquet_files import to_values
from infrastructure.datasets.value_types import VALUE_TYPES
from infrastructure.learning.dates import Layout
from infrastructure.learning.encoding import encode_rows, numbers
from infrastructure.learning.trainers.holding_out import tabular_settings

Floats = NDArray[np.float64]

_DISTINCT_MAX = 100_000
"""Of a column's values in a part, so many are told, the most frequent."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some row groups of a dataset.

    Attributes:
        artifacts: Where its bytes are.
        number: Of the part: no two draw the same rows to hold out.
        held_out_max: So many rows are held out at most.
    """

    artifacts: ArtifactPlace
    plan: TrainingPlan
    row_groups: tuple[int, ...]
    number: int
    held_out_max: int

    @cached_property
    def target(self) -> Column:
        """The column that is learned."""
        assert self.plan.target is not None, "what is learned is a column"
        return self.plan.target

    def rows(self) -> tuple[pa.Table, pa.Table]:
        """Return the rows to learn from and those held out, of all that have a target, the same ones every time.

        Raises:
            ArtifactUnavailable: The dataset cannot be read here.
        """
        table = self._table()
        settings = tabular_settings(self.plan)
        count = table.num_rows
        held_out = np.zeros(count, dtype=np.bool_)
        drawn = np.random.default_rng([settings.seed, self.number]).permutation(count)
        held_out[drawn[: min(math.ceil(count * settings.validation_fraction), self.held_out_max)]] = True
        return table.filter(pa.array(~held_out)), table.filter(pa.array(held_out))

    def _table(self) -> pa.Table:
        columns = self.plan.columns
        with opened(artifacts_at(self.artifacts), self.plan.contents.sha256) as file:
            found = pq.ParquetFile(file.name).read_row_groups(
                list(self.row_groups), columns=[column.name for column in columns]
            )
        table = pa.table(
            {
                column.name: pa.chunked_array(
                    [to_values(chunk, column.type) for chunk in found.column(column.name).chunks],
                    type=VALUE_TYPES[column.type],
                )
                for column in columns
            }
        )
        return table.filter(table.column(self.target.name).is_valid())


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a part holds, all that is ever told of its rows but of those held out.

    Attributes:
        rows: To learn from.
        counts: Of each categorical feature and, for a classification, of the target: value → rows.
        extent: Least and greatest target, for a regression; both nan where there is no row.
        total: The sum of the targets of a regression.
        held_out: Rows that nobody learns from.
    """

    rows: int
    counts: Mapping[str, Mapping[str | float | bool, int]]
    extent: tuple[float, float]
    total: float
    held_out: pa.Table


def look(part: Part) -> Seen:
    """Return what a part holds."""
    learned, held_out = part.rows()
    counted = [column.name for column in part.plan.features if column.type is ColumnType.CATEGORICAL]
    extent, total = (math.nan, math.nan), 0.0
    if part.plan.model_type is ModelType.CLASSIFICATION:
        counted.append(part.target.name)
    elif learned.num_rows:
        values = numbers(learned.column(part.target.name))
        extent, total = (float(values.min()), float(values.max())), float(values.sum())
    return Seen(
        rows=learned.num_rows,
        counts={name: _counts(learned.column(name)) for name in counted},
        extent=extent,
        total=total,
        held_out=held_out,
    )


def encoded(part: Part, features: tuple[Feature, ...], labels: pa.Array | None) -> tuple[Floats, Floats]:
    """Return the rows to learn from as numbers of shape (rows, width), and their targets.

    Args:
        part: The part.
        features: As all parts together show them.
        labels: The values of the target in the order of their places; None for a regression.
    """
    learned, _ = part.rows()
    rows = Layout([feature.type for feature in features]).rows(encode_rows(features, learned))
    return rows, targets(learned.column(part.target.name), labels)


def targets(values: pa.ChunkedArray, labels: pa.Array | None) -> Floats:
    """Return targets as numbers: themselves, or the places of the labels."""
    return numbers(values if labels is None else pc.index_in(values, value_set=labels))


def _counts(values: pa.ChunkedArray) -> Mapping[str | float | bool, int]:
    counted = pc.value_counts(values.drop_null()).flatten()
    table = pa.table({"value": counted[0], "rows": counted[1]}).sort_by([("rows", "descending")])
    kept = table.slice(0, _DISTINCT_MAX)
    return dict(zip(kept.column("value").to_pylist(), kept.column("rows").to_pylist(), strict=True))
