"""What each worker of a cluster has of a dataset: some rows, which nobody else has."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from application.ports.artifacts import ArtifactUnavailable, opened
from domain.datasets.values import Column, ColumnType
from domain.inference.values import Feature, Label
from domain.kernel import Immutable
from domain.training.hyperparameters.regression import Regression
from domain.training.values import TrainingPlan
from infrastructure.artifacts.opening import artifacts_at
from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.datasets.parquet_files import read_parquet_slices
from infrastructure.datasets.value_types import VALUE_TYPES
from infrastructure.jobs.protocol import Failed
from infrastructure.learning.dates import Layout
from infrastructure.learning.encoding import encode_rows, numbers
from infrastructure.learning.number_objectives import number_objective
from infrastructure.learning.trainers.holding_out import tabular_settings

Floats = NDArray[np.float64]

_PIECES = 8
"""A share is made of so many pieces at least, if rows are not very few."""
_DISTINCT_MAX = 100_000
"""Of a column's values in a part, so many are told, the most frequent."""


class Slice(Immutable):
    """Rows of a row group that follow each other.

    Attributes:
        start: Place of the first one.
        stop: Place behind the last one.
    """

    row_group: int
    start: int
    stop: int


class Part(Immutable):
    """Some rows of a dataset.

    Attributes:
        artifacts: Where its bytes are.
        plan: Says what is learned from them.
        slices: In the order of the file.
        number: Of the part: no two draw the same rows to hold out.
        held_out_max: So many rows are held out at most.
    """

    artifacts: ArtifactPlace
    plan: TrainingPlan
    slices: tuple[Slice, ...]
    number: int
    held_out_max: int

    @property
    def target(self) -> Column:
        """The column that is learned."""
        assert self.plan.target is not None, "what is learned is a column"
        return self.plan.target

    def rows(self, dataset: Path) -> tuple[pa.Table, pa.Table]:
        """Return the rows to learn from and those held out, of all that have a target, the same ones every time.

        Args:
            dataset: The file.
        """
        table = self._table(dataset)
        settings = tabular_settings(self.plan)
        count = table.num_rows
        held_out = np.zeros(count, dtype=np.bool_)
        drawn = np.random.default_rng([settings.seed, self.number]).permutation(count)
        held_out[drawn[: min(math.ceil(count * settings.validation_fraction), self.held_out_max)]] = True
        return table.filter(pa.array(~held_out)), table.filter(pa.array(held_out))

    def _table(self, dataset: Path) -> pa.Table:
        spans: dict[int, list[range]] = {}
        for each in self.slices:
            spans.setdefault(each.row_group, []).append(range(each.start, each.stop))
        table = read_parquet_slices(dataset, self.plan.columns, spans)
        return table.filter(table.column(self.target.name).is_valid())


def deal(rows_of_groups: Sequence[int], shares: int) -> list[tuple[Slice, ...]]:
    """Deal out the rows of a file: about as many to each, and from all over the file.

    From all over, because each worker finds the bins of some features in its own rows: had one nothing but the
    oldest of sorted rows, the newest would all be one to it. A row group is cut where it is too large for that.

    Args:
        rows_of_groups: In the order of the file.
        shares: How many, at least one; where rows are few, some get none.
    """
    piece_rows_max = max(1, math.ceil(sum(rows_of_groups) / (shares * _PIECES)))
    dealt: list[list[Slice]] = [[] for _ in range(shares)]
    has = [0] * shares
    for group, rows in enumerate(rows_of_groups):
        pieces = math.ceil(rows / piece_rows_max)
        ends = [rows * number // pieces for number in range(pieces + 1)] if pieces else []
        for start, stop in pairwise(ends):
            share = has.index(min(has))
            dealt[share].append(Slice(row_group=group, start=start, stop=stop))
            has[share] += stop - start
    return [tuple(each) for each in dealt]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a part holds, all that is ever told of its rows but of those held out.

    Attributes:
        rows: To learn from.
        counts: Of each categorical feature and, for a classification, of the target: value → rows.
        extent: Least and greatest target, for a regression; both nan where there is no row.
        constant: The best prediction without learning for the targets of a regression; 0 where there is no row.
        held_out: Rows that nobody learns from.
    """

    rows: int
    counts: Mapping[str, Mapping[str | float | bool, int]]
    extent: tuple[float, float]
    constant: float
    held_out: pa.Table


def look(part: Part) -> Seen | Failed:
    """Return what a part holds, or why it cannot be read here."""
    try:
        with opened(artifacts_at(part.artifacts), part.plan.contents.sha256) as dataset:
            learned, held_out = part.rows(Path(dataset.name))
    except ArtifactUnavailable as error:
        told = f"{error.message} Let workers reach the artifacts under the path or URL that the service has."
        return Failed(code=error.code, message=told)
    counted = [column.name for column in part.plan.features if column.type is ColumnType.CATEGORICAL]
    extent, constant = (math.nan, math.nan), 0.0
    settings = part.plan.hyperparameters
    if not isinstance(settings, Regression):
        counted.append(part.target.name)
    elif learned.num_rows:
        values = numbers(learned.column(part.target.name))
        extent = (float(values.min()), float(values.max()))
        constant = number_objective(settings).constant(values)
    return Seen(
        rows=learned.num_rows,
        counts={name: _counts(learned.column(name)) for name in counted},
        extent=extent,
        constant=constant,
        held_out=held_out,
    )


def encoded(
    part: Part,
    dataset: Path,
    features: tuple[Feature, ...],
    *,
    labels: Sequence[Label] | None,
    weights: Sequence[float] | None,
) -> tuple[Floats, Floats, Floats | None]:
    """Return the rows to learn from as numbers of shape (rows, width), their targets, and their weights.

    Args:
        part: The part.
        dataset: The file.
        features: As all parts together show them.
        labels: The values of the target in the order of their places; None for a regression.
        weights: Of each label; None where all rows weigh the same.
    """
    learned, _ = part.rows(dataset)
    rows = Layout([feature.type for feature in features]).rows(encode_rows(features, learned))
    target = targets(learned.column(part.target.name), part.target, labels)
    return rows, target, weighed(target, weights)


def targets(values: pa.ChunkedArray, column: Column, labels: Sequence[Label] | None) -> Floats:
    """Return targets as numbers: themselves, or the places of the labels."""
    if labels is None:
        return numbers(values)
    return numbers(pc.index_in(values, value_set=pa.array(labels, VALUE_TYPES[column.type])))


def weighed(target: Floats, weights: Sequence[float] | None) -> Floats | None:
    """Return the weights of rows by the places of their labels."""
    return None if weights is None else np.array(weights)[target.astype(np.intp)]


def _counts(values: pa.ChunkedArray) -> Mapping[str | float | bool, int]:
    counted = pc.value_counts(values.drop_null()).flatten()
    table = pa.table({"value": counted[0], "rows": counted[1]}).sort_by([("rows", "descending")])
    kept = table.slice(0, _DISTINCT_MAX)
    return dict(zip(kept.column("value").to_pylist(), kept.column("rows").to_pylist(), strict=True))
