"""From a table's columns to the numbers that LightGBM learns: targets, and features with their categories."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from application.ports.work import WorkFailed
from domain.datasets.values import Column, ColumnType
from domain.inference.values import Feature, FeatureType, Label
from domain.models.values import ModelType

CATEGORIES_MAX = 1_000
LABELS_MAX = 1_000
_EXACT_INTEGER_MAX = 2**53
"""Beyond it a float64 stands for several integers."""
_NUMBER_MAX = float(np.finfo(np.float32).max)
"""LightGBM keeps targets as float32; squares of errors stay far within what a float64 can be."""
_SMALLEST_NUMBER = float(np.finfo(np.float32).tiny)
_LABEL_MAX = float(np.finfo(np.float64).max)
"""Of labels LightGBM sees the index only."""
_ROUNDED_AWAY_MAX = 0.1
"""So much of how numbers differ may float32 change, in the mean."""

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class EncodedTarget:
    """The target of every row that has one.

    Attributes:
        rows: Indexes into the table, ascending.
        values: One per row of `rows`: the label's index, or the number.
        labels: In the order of their indexes; None for a regression.
    """

    rows: Rows
    values: Floats
    labels: tuple[Label, ...] | None


def encode_target(model_type: ModelType, target: Column, values: pa.ChunkedArray) -> EncodedTarget:
    """Return the target as numbers; rows without a target are left out of training.

    Raises:
        WorkFailed: `training.all-missing`, `training.target-out-of-range`, `training.constant-target`,
            `training.target-too-fine`, `training.one-class` or `training.too-many-classes`.
    """
    found = None if target.type is ColumnType.CATEGORICAL else numbers(values)
    present = ~np.isnan(found) if found is not None else values.is_valid().to_numpy()
    rows = np.flatnonzero(present)
    if rows.size == 0:
        message = f"The target {target.name!r} is missing in every row: name another column to learn."
        raise WorkFailed(message, code="training.all-missing")
    if found is None:
        return _text_target(target, values.filter(pa.array(present)), rows)
    known = found[rows] + 0.0  # one zero: -0.0 becomes 0.0
    require_range(target, known, limit=_NUMBER_MAX if model_type is ModelType.REGRESSION else _LABEL_MAX)
    if model_type is ModelType.REGRESSION:
        if known.min() == known.max():
            message = f"The target {target.name!r} is {known[0]:g} in every row: there is nothing to learn."
            raise WorkFailed(message, code="training.constant-target")
        _require_coarse(target, known)
        return EncodedTarget(rows=rows, values=known, labels=None)
    distinct, indexes = np.unique(known, return_inverse=True)
    codes = indexes.astype(np.float64)
    _require_classes(target, len(distinct), str(_numeric_labels(target, distinct[:1])[0]))
    return EncodedTarget(rows=rows, values=codes, labels=_numeric_labels(target, distinct))


def encode_features(columns: Sequence[Column], table: pa.Table, *, rows: Rows) -> tuple[Feature, ...]:
    """Return the features as these rows show them.

    Raises:
        WorkFailed: `training.all-missing`.
    """
    indices = pa.array(rows)
    values = [table.column(column.name).take(indices) for column in columns]
    features = tuple(encode_feature(*each) for each in zip(columns, values, strict=True))
    if all(np.isnan(encode_values(*each)).all() for each in zip(features, values, strict=True)):
        raise all_missing()
    return features


def encode_feature(column: Column, values: pa.ChunkedArray) -> Feature:
    """Return the feature as these values of its column show it.

    Categories are ordered by frequency, then by name; at most 1,000 are kept, others count as missing.
    """
    categories = _categories(values) if column.type is ColumnType.CATEGORICAL else None
    return Feature(name=column.name, type=FeatureType(column.type.value), categories=categories)


def encode_rows(features: Sequence[Feature], table: pa.Table, *, rows: Rows | None = None) -> Floats:
    """Return rows as float64 numbers of shape (rows, features), NaN where a value is missing; None means all."""
    indices = None if rows is None else pa.array(rows)
    count = table.num_rows if rows is None else len(rows)
    matrix = np.empty((count, len(features)), dtype=np.float64)
    for position, feature in enumerate(features):
        values = table.column(feature.name)
        matrix[:, position] = encode_values(feature, values if indices is None else values.take(indices))
    return matrix


def encode_values(feature: Feature, values: pa.ChunkedArray) -> Floats:
    """Return a column's values as float64 numbers of shape (rows,), NaN where one is missing."""
    if feature.categories is not None:
        values = pc.index_in(values, value_set=pa.array(feature.categories, values.type), skip_nulls=True)
    return numbers(values)


def all_missing() -> WorkFailed:
    """Return the failure of a training without a value to learn from."""
    message = "Every feature is missing in every training row: there is nothing to learn from."
    return WorkFailed(message, code="training.all-missing")


def numbers(values: pa.ChunkedArray) -> Floats:
    """Return values as float64, NaN where one is missing; of dates and instants, the seconds since 1970 in UTC."""
    if pt.is_temporal(values.type):
        microseconds = values.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
        # before 1684 and after 2255 a float64 tells whole seconds, but not every microsecond
        return numbers(microseconds.cast(pa.float64(), safe=False)) / 1e6
    found: Floats = values.cast(pa.float64()).to_numpy()  # null becomes NaN
    return found


def _categories(values: pa.ChunkedArray) -> tuple[str, ...]:
    counted = pc.value_counts(values.drop_null()).flatten()
    table = pa.table({"name": counted[0], "rows": counted[1]})
    kept = table.sort_by([("rows", "descending"), ("name", "ascending")]).slice(0, CATEGORIES_MAX)
    return tuple(kept.column("name").to_pylist())


def _text_target(target: Column, values: pa.ChunkedArray, rows: Rows) -> EncodedTarget:
    distinct = values.unique()
    _require_classes(target, len(distinct), str(distinct[0]))
    labels = tuple(sorted(distinct.to_pylist()))
    codes = numbers(pc.index_in(values, value_set=pa.array(labels, values.type)))
    return EncodedTarget(rows=rows, values=codes, labels=labels)


def _numeric_labels(target: Column, distinct: Floats) -> tuple[Label, ...]:
    if target.type is ColumnType.BOOLEAN:
        return tuple(bool(each) for each in distinct)
    if np.all(distinct == np.trunc(distinct)) and np.all(np.abs(distinct) <= _EXACT_INTEGER_MAX):
        return tuple(int(each) for each in distinct)
    return tuple(float(each) for each in distinct)


def require_range(target: Column, known: Floats, *, limit: float = _NUMBER_MAX) -> None:
    """Demand that no number of a target is infinite, or too large to be learned.

    Raises:
        WorkFailed: `training.target-out-of-range`.
    """
    if np.isinf(known).any():
        message = (
            f"The target {target.name!r} holds infinite numbers: remove those rows, or let it be missing there."
        )
    elif not np.all(np.abs(known) <= limit):
        message = f"The target {target.name!r} holds numbers beyond ±{limit:.1e}: scale the column down."
    else:
        return
    raise WorkFailed(message, code="training.target-out-of-range")


def _require_coarse(target: Column, known: Floats) -> None:
    mean = known.mean()
    lost = np.abs(known.astype(np.float32) - known).mean()
    if lost > _ROUNDED_AWAY_MAX * np.abs(known - mean).mean():
        advice = "scale them up" if np.abs(known).max() < _SMALLEST_NUMBER else f"subtract {mean:.6g} from them"
        message = (
            f"The numbers of target {target.name!r} differ too little: of each, LightGBM keeps about seven "
            f"digits. In the dataset, {advice}."
        )
        raise WorkFailed(message, code="training.target-too-fine")


def _require_classes(target: Column, classes: int, first: str) -> None:
    if classes == 1:
        message = f"The target {target.name!r} is {first[:100]!r} in every row: there is nothing to tell apart."
        raise WorkFailed(message, code="training.one-class")
    if classes > LABELS_MAX:
        message = (
            f"The target {target.name!r} has {classes} different values, more than the {LABELS_MAX} classes "
            "allowed. If it is a quantity, train a regression model; if an id, name another column."
        )
        raise WorkFailed(message, code="training.too-many-classes")
