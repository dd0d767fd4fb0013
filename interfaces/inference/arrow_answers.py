"""Answers as record batches of Arrow's."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from application.ports.predictor import Predictor
from domain.inference.values import Label
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
        self._labels = None if predictor.labels is None else _column_of(predictor.labels)
        numbers = pa.float64()
        fields = [
            pa.field("prediction", numbers if self._labels is None else self._labels.type, nullable=False),
            pa.field("probability", numbers),
        ]
        self._explanation = pa.struct([pa.field(name, numbers, nullable=False) for name in predictor.schema.names])
        if has_explanations:
            fields.append(pa.field("explanation", self._explanation))
        self._schema = pa.schema(fields)

    @property
    def head(self) -> bytes:
        """How the stream begins."""
        head: bytes = self._schema.serialize().to_pybytes()
        return head

    def batch(self, answer: Answered) -> bytes:
        """Return the record batch of an answer."""
        predicted = answer.predicted
        if self._labels is None or predicted.chosen is None:
            predictions = pa.array(predicted.scores[:, 0])
        else:
            predictions = self._labels.take(pa.array(predicted.chosen))
        if predicted.probabilities is None:
            probabilities = pa.nulls(len(predictions), pa.float64())
        else:
            probabilities = pa.array(predicted.probabilities, pa.float64())
        columns = [predictions, probabilities]
        if len(self._schema) > len(columns):
            columns.append(self._explanations(answer, rows=len(predictions)))
        batch: bytes = pa.record_batch(columns, schema=self._schema).serialize().to_pybytes()
        return batch

    def _explanations(self, answer: Answered, *, rows: int) -> pa.Array:
        if answer.contributions is None:
            return pa.nulls(rows, self._explanation)
        columns = np.asfortranarray(answer.contributions[:, :-1])
        explained = pa.StructArray.from_arrays(
            [pa.array(columns[:, place]) for place in range(columns.shape[1])], fields=list(self._explanation)
        )
        places = np.full(rows, -1)
        places[np.asarray(answer.explained)] = np.arange(len(answer.explained))
        return explained.take(pa.array(places, mask=places < 0))


def _column_of(labels: Sequence[Label]) -> pa.Array:
    return pa.array(list(labels))
