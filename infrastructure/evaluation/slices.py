"""How good a model is on parts of the rows."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from application.reports.views import Slice
from domain.datasets.values import Column, ColumnType
from infrastructure.evaluation.judged import Judged
from infrastructure.evaluation.weighing import metrics_of

COLUMNS_MAX = 20
VALUES_MAX = 20
ROWS_MIN = 10
"""Fewer tell more of chance than of the model."""


def slices_of(judged: Judged, table: pa.Table, columns: Sequence[Column]) -> list[Slice]:
    """Return the metrics on the rows with each of the most frequent values of each column of few values.

    Args:
        judged: Rows.
        table: The same rows, with the columns.
        columns: Those that may be looked at.
    """
    sliced = [each for each in columns if each.type in (ColumnType.CATEGORICAL, ColumnType.BOOLEAN)]
    return [
        part for each in sliced[:COLUMNS_MAX] for part in _of_column(judged, table.column(each.name), each.name)
    ]


def _of_column(judged: Judged, values: pa.ChunkedArray, name: str) -> Iterator[Slice]:
    encoded = pa.concat_arrays(values.chunks).dictionary_encode(null_encoding="encode")
    known, codes = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
    rows = np.bincount(codes)
    kept = [code for code in np.argsort(-rows, kind="stable")[:VALUES_MAX].tolist() if rows[code] >= ROWS_MIN]
    if len(known) < 2 or not kept:  # noqa: PLR2004 - one value is no part of the rows
        return
    metrics = metrics_of(judged, np.array([codes == code for code in kept], dtype=np.float64))
    for place, code in enumerate(kept):
        told = {each: float(figures[place]) for each, figures in metrics.items() if not np.isnan(figures[place])}
        yield Slice(feature=name, value=known[code], rows=int(rows[code]), metrics=told)
