"""From the rows of a dataset to a table with predictions beside them, the same bytes in every run."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from application.inference.explaining import Explain, rows_to_explain
from application.ports.predictor import Floats, Predicted, Predictor
from application.ports.work import WorkFailed
from domain.batches.values import PREDICTION, PROBABILITY, explanation_of
from domain.datasets.values import ColumnType
from domain.inference.values import Feature, Label
from infrastructure.batches.protocol import Order
from infrastructure.datasets.rows import Rows, read_rows
from infrastructure.learning.encoding import encode_rows

_NUMBERS_MAX = 4 * 1024 * 1024
"""So many numbers are in one piece of work at most, for each of the few that are held at a time."""
_GROUP_BYTES = 32 * 1024 * 1024
"""Row groups of about so much are written."""
_LABEL_TYPES = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64()}


def write_predictions(order: Order, dataset: Path, predictor: Predictor, *, on_rows: Callable[[int], None]) -> int:
    """Write the columns of the dataset, and what is predicted for each row; return the number of rows.

    Args:
        order: Where the table goes, and which predictions are explained.
        dataset: Where its bytes lie.
        predictor: Predicts.
        on_rows: Told again and again how many rows are done.

    Raises:
        UnreadableDataset: The dataset cannot be decoded.
        WorkFailed: A value is not of the type that the plan promised.
    """
    done = 0
    rows_max = _rows_max(predictor, order.explain)
    with _TableWriter(order.result) as writer:
        for rows in read_rows(dataset, order.plan.contents):
            for part in rows.parts(rows_max):
                writer.add(_predicted(part, predictor, order.explain, first_row=done + 1))
                done += len(part)
                on_rows(done)
    return done


def _rows_max(predictor: Predictor, explain: Explain) -> int:
    numbers = len(predictor.schema.features) + 1
    if explain is not False:
        numbers *= len(predictor.labels or (None,))
    return max(1, _NUMBERS_MAX // numbers)


def _predicted(rows: Rows, predictor: Predictor, explain: Explain, *, first_row: int) -> pa.RecordBatch:
    features = predictor.schema.features
    matrix = _matrix(rows, features, first_row=first_row)
    predicted = predictor.predict(matrix)
    table = rows.table()
    columns: dict[str, pa.Array] = dict(zip(table.schema.names, table.columns, strict=True))
    columns[PREDICTION] = pa.array(predicted.predictions, type=_label_type(predictor.labels))
    if predicted.probabilities is not None:
        columns[PROBABILITY] = pa.array(predicted.probabilities, type=pa.float64())
    if explain is not False:
        columns |= _explanations(predictor, matrix, predicted, rows_to_explain(explain, predicted))
    return pa.record_batch(list(columns.values()), names=list(columns))


def _matrix(rows: Rows, features: Sequence[Feature], *, first_row: int) -> Floats:
    """Return the numbers as training made them, of shape (rows, features), NaN where a value is missing."""
    try:
        values = {feature.name: rows.values(feature.name, ColumnType(feature.type.value)) for feature in features}
    except pa.ArrowException as error:
        message = (
            f"In rows {first_row:,} to {first_row + len(rows) - 1:,} is a value that is not what its column was "
            f"registered to hold: {error}. Register the dataset again."
        )
        raise WorkFailed(message, code="batch-prediction.dataset-changed") from error
    return encode_rows(features, pa.table(values), rows=np.arange(len(rows)))


def _label_type(labels: Sequence[Label] | None) -> pa.DataType:
    return pa.float64() if labels is None else _LABEL_TYPES[type(labels[0])]


def _explanations(
    predictor: Predictor, matrix: Floats, predicted: Predicted, explained: Sequence[int]
) -> dict[str, pa.Array]:
    """Return a column for each feature; null in the rows that are not explained."""
    places = np.asarray(explained, dtype=np.intp)
    is_missing = np.ones(len(matrix), dtype=bool)
    is_missing[places] = False
    contributions = np.zeros((len(matrix), matrix.shape[1]))
    if len(places):
        chosen = None if predicted.chosen is None else predicted.chosen[places]
        contributions[places] = predictor.explain(matrix[places], chosen)[:, :-1]
    return {
        explanation_of(feature.name): pa.array(np.ascontiguousarray(column), mask=is_missing)
        for feature, column in zip(predictor.schema.features, contributions.T, strict=True)
    }


class _TableWriter:
    """Writes a Parquet file, in row groups of about `_GROUP_BYTES`, whatever the size of what comes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Any = None
        self._waiting: list[pa.RecordBatch] = []
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._write()
        if self._writer is not None:
            self._writer.close()

    def add(self, batch: pa.RecordBatch) -> None:
        """Write the rows, sooner or later."""
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, batch.schema)
        self._waiting.append(batch)
        self._bytes += batch.nbytes
        if self._bytes >= _GROUP_BYTES:
            self._write()

    def _write(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting)
            self._writer.write_table(table, row_group_size=len(table))
            self._waiting, self._bytes = [], 0
