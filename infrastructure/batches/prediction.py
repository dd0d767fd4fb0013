"""From the rows of a dataset to a table with predictions beside them, the same bytes in every run."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from application.inference.asking import RefusedRow, predicted
from application.inference.explaining import Explain, rows_to_explain
from application.ports.predictor import Predicted, Predictor, Rows
from application.ports.work import WorkFailed
from domain.batches.values import EXPLANATION, PREDICTION, PROBABILITY, explanation_of
from domain.datasets.values import ColumnType
from domain.inference.conformance import Schema
from domain.inference.values import AnswerKind, FeatureType
from infrastructure.batches.protocol import Order
from infrastructure.datasets.rows import Rows as DatasetRows
from infrastructure.datasets.rows import read_rows
from infrastructure.learning.encoding import encode_rows

_NUMBERS_MAX = 4 * 1024 * 1024
"""So many numbers are in one piece of work at most, for each of the few that are held at a time."""
_GROUP_BYTES = 32 * 1024 * 1024
"""Row groups of about so much are written."""
_LABEL_TYPES = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64()}
_FORECAST = pa.list_(
    pa.struct([("time", pa.string()), ("value", pa.float64()), ("lower", pa.float64()), ("upper", pa.float64())])
)
_CONTRIBUTIONS = pa.map_(pa.string(), pa.float64())


def write_predictions(order: Order, dataset: Path, predictor: Predictor, *, on_rows: Callable[[int], None]) -> int:
    """Write the columns of the dataset, and what is predicted for each row; return the number of rows.

    Args:
        order: Where the table goes, and which predictions are explained.
        dataset: Where its bytes lie.
        predictor: Predicts.
        on_rows: Told again and again how many rows are done.

    Raises:
        UnreadableDataset: The dataset cannot be decoded.
        WorkFailed: A value is not of the type that the plan promised, or a row cannot be answered.
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


def _predicted(rows: DatasetRows, predictor: Predictor, explain: Explain, *, first_row: int) -> pa.RecordBatch:
    instances = _instances(rows, predictor.schema, first_row=first_row)
    found = _answered(predictor, instances, first_row=first_row)
    table = rows.table()
    columns: dict[str, pa.Array] = dict(zip(table.schema.names, table.columns, strict=True))
    columns[PREDICTION] = pa.array(found.predictions, type=_prediction_type(predictor))
    if found.probabilities is not None:
        columns[PROBABILITY] = pa.array(found.probabilities, type=pa.float64())
    if explain is not False:
        columns |= _explanations(predictor, instances, found, rows_to_explain(explain, found))
    return pa.record_batch(list(columns.values()), names=list(columns))


def _answered(predictor: Predictor, rows: Rows, *, first_row: int) -> Predicted:
    try:
        return predicted(predictor, rows)
    except RefusedRow as refused:
        problem = refused.told_at("").problems[0]
        message = f"Row {first_row + refused.place:,} cannot be answered: {problem.field[1:]} {problem.message}"
        raise WorkFailed(message, code="batch-prediction.row-refused") from None


def _instances(rows: DatasetRows, schema: Schema, *, first_row: int) -> Rows:
    """Return the rows as training made them; a feature that need not be there, and is not, is missing in each."""
    columns = set(rows.cells.schema.names)
    encoded = [
        (place, feature)
        for place, feature in enumerate(schema.features)
        if feature.name in columns and place not in schema.objects
    ]
    try:
        values = {
            feature.name: rows.values(feature.name, ColumnType(feature.type.value)) for _, feature in encoded
        }
        objects = {place: _objects(rows, schema, place) for place in schema.objects}
    except pa.ArrowException as error:
        message = (
            f"In rows {first_row:,} to {first_row + len(rows) - 1:,} is a value that is not what its column was "
            f"registered to hold: {error}. Register the dataset again."
        )
        raise WorkFailed(message, code="batch-prediction.dataset-changed") from error
    numbers = np.full((len(rows), len(schema.features)), np.nan)
    if encoded:
        features = [feature for _, feature in encoded]
        found = encode_rows(features, pa.table(values), rows=np.arange(len(rows)))
        numbers[:, [place for place, _ in encoded]] = found
    return Rows(numbers, objects)


def _objects(rows: DatasetRows, schema: Schema, place: int) -> list[Any]:
    feature = schema.features[place]
    if feature.type is not FeatureType.TEXT or feature.name not in rows.cells.schema.names:
        return [None] * len(rows)
    texts: list[Any] = rows.values(feature.name, ColumnType.CATEGORICAL).to_pylist()
    return texts


def _prediction_type(predictor: Predictor) -> pa.DataType:
    if predictor.answers is AnswerKind.FORECASTS:
        return _FORECAST
    return pa.float64() if predictor.labels is None else _LABEL_TYPES[type(predictor.labels[0])]


def _explanations(
    predictor: Predictor, rows: Rows, predicted: Predicted, explained: Sequence[int]
) -> dict[str, pa.Array]:
    """Return a column for each name, or one for all where names differ; null in rows that are not explained."""
    places = np.asarray(explained, dtype=np.intp)
    is_missing = np.ones(len(rows), dtype=bool)
    is_missing[places] = False
    chosen = None if predicted.chosen is None else predicted.chosen[places]
    contributions = predictor.explain(rows[places], chosen) if len(places) else None
    if predictor.explained is None:
        maps: list[Any] = [None] * len(rows)
        for place, contributed in zip(explained, () if contributions is None else contributions, strict=True):
            maps[place] = list(contributed.items())
        return {EXPLANATION: pa.array(maps, _CONTRIBUTIONS)}
    values = np.zeros((len(rows), len(predictor.explained)))
    if isinstance(contributions, np.ndarray):
        values[places] = contributions[:, :-1]
    return {
        explanation_of(name): pa.array(np.ascontiguousarray(column), mask=is_missing)
        for name, column in zip(predictor.explained, values.T, strict=True)
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
