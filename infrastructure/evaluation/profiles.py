"""What is typical of the rows in each cluster, feature by feature, in the data's own units."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from application.reports.clusters import Typical
from domain.datasets.values import Column
from domain.inference.values import FeatureType
from infrastructure.evaluation.shortening import shortened
from infrastructure.learning.encoding import encode_feature, encode_values

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_S, _LAST_S = -62_135_596_800, 253_402_214_400
"""The years 1 to 9999; what lies beyond counts as the nearest of them."""


def typical_of(columns: Sequence[Column], table: pa.Table, codes: Codes, *, clusters: int) -> list[list[Typical]]:
    """Return what is typical of each cluster, and of all rows at the end; in each, of the columns in their order.

    Args:
        columns: Features of any type.
        table: Rows.
        codes: The cluster of each.
        clusters: How many there are.
    """
    parts = [codes == cluster for cluster in range(clusters)]
    parts.append(np.ones(len(codes), dtype=np.bool_))
    found = [_of_column(column, table.column(column.name), parts) for column in columns]
    return [list(each) for each in zip(*found, strict=True)]


def _of_column(column: Column, values: pa.ChunkedArray, parts: Sequence[NDArray[np.bool_]]) -> list[Typical]:
    feature = encode_feature(column, values)
    numbers, is_missing = encode_values(feature, values), values.is_null().to_numpy()
    missing = [float(is_missing[part].sum() / max(1, part.sum())) for part in parts]
    if feature.categories is not None:
        return [
            _of_categories(column.name, feature.categories, numbers[part], absent)
            for part, absent in zip(parts, missing, strict=True)
        ]
    around = _mean_and_deviation(numbers)
    return [
        _of_numbers(column.name, feature.type, _mean_and_deviation(numbers[part]), absent, around=around)
        for part, absent in zip(parts, missing, strict=True)
    ]


def _of_numbers(
    name: str,
    kind: FeatureType,
    here: tuple[float, float] | None,
    missing: float,
    *,
    around: tuple[float, float] | None,
) -> Typical:
    mean = None if here is None else here[0]
    is_instant = kind is FeatureType.DATETIME
    return Typical(
        feature=shortened(name),
        mean=None if is_instant else mean,
        deviation=None if mean is None or around is None or around[1] <= 0.0 else (mean - around[0]) / around[1],
        time=_instant(mean) if is_instant and mean is not None else None,
        value=None,
        share=mean if kind is FeatureType.BOOLEAN else None,
        missing=missing,
    )


def _of_categories(name: str, categories: Sequence[str], codes: Floats, missing: float) -> Typical:
    known = codes[~np.isnan(codes)].astype(np.intp)
    counts = np.bincount(known, minlength=1)
    return Typical(
        feature=shortened(name),
        mean=None,
        deviation=None,
        time=None,
        value=shortened(categories[int(counts.argmax())]) if len(known) else None,
        share=float(counts.max() / len(known)) if len(known) else None,
        missing=missing,
    )


def _mean_and_deviation(numbers: Floats) -> tuple[float, float] | None:
    """Return both of the numbers that are known; None where there are none, or such as cannot be added up."""
    known = numbers[np.isfinite(numbers)]
    if known.size == 0:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = float(known.mean()), float(known.std())
    return (mean, deviation) if math.isfinite(mean) and math.isfinite(deviation) else None


def _instant(seconds: float) -> str:
    within = min(max(round(seconds), _FIRST_S), _LAST_S)
    return (_EPOCH + timedelta(seconds=within)).isoformat().replace("+00:00", "Z")
