"""Answers as record batches of Arrow's."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from application.ports.predictor import Predictor
from domain.inference.values import AnswerKind
from interfaces.inference.predicting import Answered

END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""Of a stream. Source: Arrow columnar format, "IPC streaming format"."""

_NUMBERS = pa.float64()
_FORECAST = pa.list_(
    pa.struct(
        [
            pa.field("time", pa.string(), nullable=False),
            *(pa.field(name, _NUMBERS, nullable=False) for name in ("value", "lower", "upper")),
        ]
    )
)
_CONTRIBUTIONS = pa.map_(pa.string(), _NUMBERS)


class ArrowAnswers:
    """Writes answers of one version: prediction, probability and, if one is asked for, explanation.

    The explanation is a struct of contributions, or a map where their names differ from row to row; null for a row
    that is not explained.

    Args:
        predictor: That answers.
        has_explanations: Whether some rows may be explained.
    """

    def __init__(self, predictor: Predictor, *, has_explanations: bool) -> None:
        fields = [
            pa.field("prediction", prediction_type(predictor), nullable=False),
            pa.field("probability", _NUMBERS),
        ]
        if has_explanations:
            fields.append(pa.field("explanation", _explanation_type(predictor.explained)))
        self._schema = pa.schema(fields)

    @property
    def head(self) -> bytes:
        """How the stream begins."""
        head: bytes = self._schema.serialize().to_pybytes()
        return head

    def batch(self, answer: Answered) -> bytes:
        """Return the record batch of an answer."""
        predictions, probabilities = answer.predicted.predictions, answer.predicted.probabilities
        columns = [
            pa.array(predictions, self._schema.field(0).type),
            pa.nulls(len(predictions), _NUMBERS) if probabilities is None else pa.array(probabilities),
        ]
        if len(self._schema) > len(columns):
            columns.append(_explanations(answer, self._schema.field(len(columns)).type))
        batch: bytes = pa.record_batch(columns, schema=self._schema).serialize().to_pybytes()
        return batch


def prediction_type(predictor: Predictor) -> pa.DataType:
    """Return the type of what a version predicts."""
    if predictor.answers is AnswerKind.FORECASTS:
        return _FORECAST
    return _NUMBERS if predictor.labels is None else pa.array(list(predictor.labels)).type


def _explanation_type(names: Sequence[str] | None) -> pa.DataType:
    if names is None:
        return _CONTRIBUTIONS
    return pa.struct([pa.field(name, _NUMBERS, nullable=False) for name in names])


def _explanations(answer: Answered, kind: pa.DataType) -> pa.Array:
    rows, contributions = len(answer.predicted.predictions), answer.contributions
    if contributions is None:
        return pa.nulls(rows, kind)
    if not isinstance(contributions, np.ndarray):
        maps: list[Any] = [None] * rows
        for place, contributed in zip(answer.explained, contributions, strict=True):
            maps[place] = list(contributed.items())
        return pa.array(maps, kind)
    columns = [pa.array(column) for column in np.ascontiguousarray(contributions[:, :-1].T)]
    explained = pa.StructArray.from_arrays(columns, fields=list(kind))
    places = np.full(rows, -1)
    places[np.asarray(answer.explained)] = np.arange(len(answer.explained))
    return explained.take(pa.array(places, mask=places < 0))
