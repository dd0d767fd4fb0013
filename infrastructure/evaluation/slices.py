"""How good a model is on parts of the rows."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from application.reports.views import Slice
from domain.datasets.values import Column, ColumnType
from infrastructure.evaluation.judged import Judged
from infrastructure.evaluation.shortening import shortened
from infrastructure.evaluation.weighing import intervals_of_means, metrics_of

Codes = NDArray[np.intp]

COLUMNS_MAX = 20
VALUES_MAX = 20
CLUSTERS_MAX = 20
ROWS_MIN = 10
"""Fewer tell more of chance than of the model."""


def slices_of(judged: Judged, table: pa.Table, columns: Sequence[Column]) -> list[Slice]:
    """Return the metrics on the rows with each of the most frequent values of each column of few values.

    Args:
        judged: Rows.
        table: The same rows, with the columns.
        columns: Those that may be looked at.
    """
    return [part for each in _sliced(columns) for part in _of_column(judged, table.column(each.name), each.name)]


def shares_of_clusters(codes: Codes, table: pa.Table, columns: Sequence[Column]) -> list[Slice]:
    """Return how the same parts of the rows of a clustering are spread over its largest clusters.

    Args:
        codes: The cluster of each row; clusters are numbered by their size.
        table: The same rows.
        columns: Those that may be looked at.
    """
    found = []
    for column in _sliced(columns):
        for part in _parts(table.column(column.name)):
            counts = np.bincount(codes[part.is_here], minlength=codes.max() + 1)[:CLUSTERS_MAX]
            shares = (counts / part.rows).tolist()
            found.append(
                Slice(
                    feature=shortened(column.name), value=part.value, rows=part.rows, metrics={}, clusters=shares
                )
            )
    return found


class _Part(NamedTuple):
    """The rows with one value."""

    value: str | bool | None
    rows: int
    is_here: NDArray[np.bool_]


def _sliced(columns: Sequence[Column]) -> list[Column]:
    return [each for each in columns if each.type in (ColumnType.CATEGORICAL, ColumnType.BOOLEAN)][:COLUMNS_MAX]


def _parts(values: pa.ChunkedArray) -> list[_Part]:
    """Return the rows with each of the most frequent values; nothing where there is but one."""
    encoded = pa.concat_arrays(values.chunks).dictionary_encode(null_encoding="encode")
    known, codes = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
    rows = np.bincount(codes)
    if len(known) < 2:  # noqa: PLR2004 - one value is no part of the rows
        return []
    frequent = [code for code in np.argsort(-rows, kind="stable")[:VALUES_MAX].tolist() if rows[code] >= ROWS_MIN]
    return [_Part(shortened(known[code]), int(rows[code]), codes == code) for code in frequent]


def _of_column(judged: Judged, values: pa.ChunkedArray, name: str) -> Iterator[Slice]:
    parts = _parts(values)
    if not parts:
        return
    metrics = metrics_of(judged, np.array([part.is_here for part in parts], dtype=np.float64))
    for place, part in enumerate(parts):
        told = {each: float(figures[place]) for each, figures in metrics.items() if not np.isnan(figures[place])}
        yield Slice(
            feature=shortened(name),
            value=part.value,
            rows=part.rows,
            metrics=told,
            intervals=intervals_of_means(judged.at(part.is_here)),
        )
