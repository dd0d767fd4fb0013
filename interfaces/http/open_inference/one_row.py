"""One row in JSON of the usual form, read straight into the numbers that a version asks for.

What has another form, or is wrong, is left to `requests` and `conforming`, which give the same numbers.
"""

from array import array
from collections.abc import Callable, Sequence
from math import inf, nan
from typing import Any, NamedTuple, TypeVar

import orjson

from application.inference.routes import Served
from application.ports.predictor import Predictor, Row
from domain.inference.conformance import Schema
from domain.inference.values import AnswerKind, FeatureType, Label
from interfaces.http.open_inference.datatypes import FP32, FP64, OF_FEATURES, of_labels
from interfaces.http.open_inference.json_members import NAN, without_nan
from interfaces.http.open_inference.outputs import PREDICT, PREDICT_PROBA
from interfaces.http.open_inference.usual_forms import Column, NestedTable, Number, Request, Table, decoder
from interfaces.inference.asked import UNDECODABLE
from interfaces.inference.inference import INLINE_BODY_MAX_BYTES

_ENVELOPE_MAX_BYTES = 1_024
_FEATURE_MAX_BYTES = 256
"""A body of more, for each feature, holds more than a row."""

_COLUMN_MIN_BYTES = 50
"""A column takes more, what a table has for each feature hardly ever."""

_KINDS = {FeatureType.NUMERIC: float, FeatureType.BOOLEAN: bool, FeatureType.CATEGORICAL: str}
_MISSING = type(None)

Decoded = TypeVar("Decoded")
AnyColumn = TypeVar("AnyColumn", Number, Column)

_decode_numbers = decoder(list[Number])
_decode_columns = decoder(list[Column])
_decode_table = decoder(tuple[Table])
_decode_nested_table = decoder(tuple[NestedTable])


class RowRequest(NamedTuple):
    """What is asked.

    Attributes:
        id: The sender's name for it; None where it gave none.
        outputs: The names of what is to be sent back, in this order.
        row: The numbers, in the order of the features.
    """

    id: str | None
    outputs: Sequence[str]
    row: Row


def has_usual_form(predictor: Predictor) -> bool:
    """Tell whether rows of a version may come in the usual form, and its answers be written in it."""
    is_usual = all(each.type in _KINDS and not each.is_optional for each in predictor.schema.features)
    return is_usual and predictor.answers is not AnswerKind.FORECASTS


class RowForm:
    """Reads and writes single rows of one version.

    Args:
        schema: What the version asks for.
        labels: What it predicts; None for numbers.
    """

    def __init__(self, schema: Schema, labels: Sequence[Label] | None) -> None:
        features = schema.features
        self._names = [each.name for each in features]
        self._datatypes = [OF_FEATURES[each.type] for each in features]
        self._kinds = [_KINDS[each.type] for each in features]
        self._codes = [
            (place, {category: float(code) for code, category in enumerate(each.categories)})
            for place, each in enumerate(features)
            if each.categories is not None
        ]
        self._has_numbers_only = set(self._datatypes) == {FP64}
        self._body_max_bytes = min(_ENVELOPE_MAX_BYTES + len(features) * _FEATURE_MAX_BYTES, INLINE_BODY_MAX_BYTES)
        self._outputs = (PREDICT,) if labels is None else (PREDICT, PREDICT_PROBA)
        self._datatype = of_labels(labels)

    def read(self, body: bytes) -> RowRequest | None:
        """Return what a body asks; None where it has not the usual form."""
        if len(body) > self._body_max_bytes:
            return None
        likeliest, *others = self._readers(len(body))
        if (asked := likeliest(body)) is not None:
            return asked
        text, readers = body, others
        if NAN in body:  # rarer than a look for it would be dear
            text, readers = without_nan(body), [likeliest, *others]
        return next((asked for read in readers if (asked := read(text)) is not None), None)

    def written(
        self,
        prediction: Label,
        scores: Sequence[float],
        outputs: Sequence[str],
        *,
        served: Served,
        model: str,
        request_id: str,
    ) -> bytes:
        """Return the JSON that answers.

        Args:
            prediction: For the row.
            scores: Of the row.
            outputs: What is to be sent.
            served: What has answered.
            model: As the request has named it.
            request_id: The sender's name for the request, or ours.
        """
        told = [
            {"name": name, "datatype": self._datatype, "shape": (1,), "data": (prediction,)}
            if name == PREDICT
            else {"name": name, "datatype": FP64, "shape": (1, len(scores)), "data": scores}
            for name in outputs
        ]
        return orjson.dumps(
            {"model_name": model, "model_version": served.version, "id": request_id, "outputs": told}
        )

    def _readers(self, size_bytes: int) -> Sequence[Callable[[bytes], RowRequest | None]]:
        """Return what reads each form that a row may come in, the likeliest first."""
        if not self._has_numbers_only:
            return (self._read_columns,)
        if size_bytes < len(self._names) * _COLUMN_MIN_BYTES:
            return self._read_table, self._read_columns
        return self._read_numbers, self._read_columns, self._read_table

    def _read_table(self, text: bytes) -> RowRequest | None:
        request: Request[Any] | None = _decoded(_decode_table, text) or _decoded(_decode_nested_table, text)
        if request is None:
            return None
        (table,) = request.inputs
        row = table.data[0] if type(table) is NestedTable else table.data
        if table.shape != [1, len(row)] or len(row) != len(self._names) or len(row) == 1:
            return None
        return self._asked(request, row if table.datatype == FP64 else _rounded(row))

    def _read_numbers(self, text: bytes) -> RowRequest | None:
        request = _decoded(_decode_numbers, text)
        columns = None if request is None else self._in_order(request.inputs)
        if request is None or columns is None:
            return None
        return self._asked(request, [each.data[0] for each in columns])

    def _read_columns(self, text: bytes) -> RowRequest | None:
        request = _decoded(_decode_columns, text)
        columns = None if request is None else self._in_order(request.inputs)
        if request is None or columns is None:
            return None
        row: list[Any] = [each.data[0] for each in columns]
        if any(type(each) not in (kind, _MISSING) for each, kind in zip(row, self._kinds, strict=True)):
            return None
        for place, codes in self._codes:
            row[place] = codes.get(row[place])
        datatypes = [each.datatype for each in columns]
        if datatypes == self._datatypes:
            return self._asked(request, row)
        return self._asked(request, _rounded(row)) if self._has_numbers_only and set(datatypes) == {FP32} else None

    def _in_order(self, columns: list[AnyColumn]) -> list[AnyColumn] | None:
        """Return the columns in the order of the features; None where they are not those."""
        if [each.name for each in columns] == self._names:
            return columns
        by_name = {each.name: each for each in columns}
        if len(columns) != len(self._names) or by_name.keys() != set(self._names):
            return None
        return [by_name[name] for name in self._names]

    def _asked(self, request: Request[Any], row: Row | None) -> RowRequest | None:
        if row is None:
            return None
        if request.parameters is not None and request.parameters.binary_data_output:
            return None
        if not request.outputs:
            return RowRequest(request.id, self._outputs, row)
        names = [each.name for each in request.outputs if not (each.parameters and each.parameters.binary_data)]
        if len(set(names)) != len(request.outputs) or not set(names) <= set(self._outputs):
            return None
        return RowRequest(request.id, names, row)


def _decoded(decode: Callable[[bytes], Decoded], text: bytes) -> Decoded | None:
    try:
        return decode(text)
    except UNDECODABLE:
        return None


def _rounded(row: Row) -> Row | None:
    """Return numbers as they are in FP32; None where one of them is too large for it."""
    rounded = array("f", [nan if each is None else each for each in row]).tolist()
    return None if inf in rounded or -inf in rounded else rounded
