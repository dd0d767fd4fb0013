"""Answers as record batches of Arrow's."""

import numpy as np
import pyarrow as pa

from application.ports.predictor import Predictor
from interfaces.inference.predicting import Answered

END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""Of a stream. Source: Arrow columnar format, "IPC streaming format"."""


class ArrowAnswers:
    """Writes answers of one version: prediction, probability and, if one is asked for, explanation.

    The explanation is a struct of the features' contributions, null for a row that is not explained.

    Args:
        predictor: That answers.
        has_explanations: Whether some rows may be explained.
    """

    def __init__(self, predictor: Predictor, *, has_explanations: bool) -> None:
        numbers, labels = pa.float64(), predictor.labels
        fields = [
            pa.field("prediction", numbers if labels is None else pa.array(list(labels)).type, nullable=False),
            pa.field("probability", numbers),
        ]
        if has_explanations:
            names = predictor.schema.names
            contributions = pa.struct([pa.field(name, numbers, nullable=False) for name in names])
            fields.append(pa.field("explanation", contributions))
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
            pa.nulls(len(predictions), pa.float64()) if probabilities is None else pa.array(probabilities),
        ]
        if len(self._schema) > len(columns):
            columns.append(_explanations(answer, self._schema.field(len(columns)).type))
        batch: bytes = pa.record_batch(columns, schema=self._schema).serialize().to_pybytes()
        return batch


def _explanations(answer: Answered, kind: pa.StructType) -> pa.Array:
    rows = len(answer.predicted.predictions)
    if answer.contributions is None:
        return pa.nulls(rows, kind)
    columns = [pa.array(column) for column in np.ascontiguousarray(answer.contributions[:, :-1].T)]
    explained = pa.StructArray.from_arrays(columns, fields=list(kind))
    places = np.full(rows, -1)
    places[np.asarray(answer.explained)] = np.arange(len(answer.explained))
    return explained.take(pa.array(places, mask=places < 0))
