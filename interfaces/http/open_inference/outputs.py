"""The tensors that answer: what was predicted, and why."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from application.ports.predictor import Predictor
from domain.inference.values import AnswerKind, Label
from interfaces.http.open_inference.datatypes import BYTES, DATATYPES, FP64, of_labels
from interfaces.inference.predicting import Answered

PREDICT, PREDICT_PROBA, EXPLANATION = "predict", "predict_proba", "explanation"
LOWER, UPPER, TIME = "lower", "upper", "time"

_OF_STEPS = {PREDICT: "value", LOWER: "lower", UPPER: "upper"}
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class NumberTensor:
    """A tensor of doubles."""

    values: NDArray[np.float64]
    datatype = FP64

    @property
    def shape(self) -> tuple[int, ...]:
        """How many elements there are in each dimension."""
        return self.values.shape

    def json(self) -> NDArray[np.float64]:
        """Return the elements in row-major order."""
        return np.ascontiguousarray(self.values).reshape(-1)

    def binary(self) -> bytes:
        """Return the elements in row-major order, little-endian."""
        return self.values.astype(DATATYPES[FP64].dtype).tobytes()


@dataclass(frozen=True, slots=True)
class LabelTensor:
    """A tensor of labels or other texts, in row-major order."""

    values: Sequence[Label]
    datatype: str
    shape: tuple[int, ...]

    def json(self) -> Sequence[Label]:
        """Return the elements."""
        return self.values

    def binary(self) -> bytes:
        """Return the elements, little-endian; texts with their lengths before them."""
        if self.datatype != BYTES:
            return np.array(self.values).astype(DATATYPES[self.datatype].dtype).tobytes()
        written = {each: _length_and_text(str(each)) for each in set(self.values)}
        return b"".join([written[each] for each in self.values])


def output_names(predictor: Predictor) -> tuple[str, ...]:
    """Return which outputs a version has; the last is sent only to whom names it."""
    if predictor.answers is AnswerKind.FORECASTS:
        return PREDICT, LOWER, UPPER, TIME, EXPLANATION
    return (PREDICT, EXPLANATION) if predictor.labels is None else (PREDICT, PREDICT_PROBA, EXPLANATION)


def output_tensor(name: str, answered: Answered, predictor: Predictor) -> NumberTensor | LabelTensor:
    """Return one of the outputs of a version.

    Those of forecasts are as wide as the longest of them; behind the end of a shorter one is NaN or no text.
    """
    predicted = answered.predicted
    if name == EXPLANATION:
        return _explanation(answered, predictor)
    if predictor.answers is AnswerKind.FORECASTS:
        return _steps(name, predicted.predictions)
    if name == PREDICT_PROBA:
        return NumberTensor(predicted.scores)
    if predictor.labels is None:
        return NumberTensor(predicted.scores[:, 0])
    return LabelTensor(predicted.predictions, of_labels(predictor.labels), (len(predicted.predictions),))


def _steps(name: str, forecasts: Sequence[Sequence[Any]]) -> NumberTensor | LabelTensor:
    width = max(map(len, forecasts), default=0)
    if name == TIME:
        times = [[each["time"] for each in steps] + [""] * (width - len(steps)) for steps in forecasts]
        return LabelTensor(list(chain.from_iterable(times)), BYTES, (len(forecasts), width))
    values: Any = np.full((len(forecasts), width), np.nan)
    for row, steps in zip(values, forecasts, strict=True):
        row[: len(steps)] = [each[_OF_STEPS[name]] for each in steps]
    return NumberTensor(values)


def _explanation(answered: Answered, predictor: Predictor) -> NumberTensor | LabelTensor:
    """Return the contributions: a row with the bias last, or JSON where their names differ from row to row."""
    contributions = answered.contributions
    if isinstance(contributions, np.ndarray):
        return NumberTensor(contributions)
    if predictor.explained is not None:  # as of no rows
        return NumberTensor(np.empty((0, len(predictor.explained) + 1)))
    written = [orjson.dumps(dict(each)).decode() for each in contributions or ()]
    return LabelTensor(written, BYTES, (len(written),))


def _length_and_text(text: str) -> bytes:
    encoded = text.encode()
    return _LENGTH.pack(len(encoded)) + encoded
