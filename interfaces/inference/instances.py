"""Instances out of JSON, straight into the numbers that a version asks for."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
import numpy as np

from application.ports.predictor import Floats, Predictor, Row
from domain.inference.conformance import Schema
from domain.inference.errors import NonConformingInstance
from domain.inference.values import Feature, FeatureType
from interfaces.inference.asked import UNDECODABLE, Asked, GuessedWrong, require_countable
from interfaces.requests.json_text import require_json_text
from interfaces.requests.problems import NotJson

TYPED_FEATURES_MAX = 200
"""msgspec looks for each name of an object from where it found the last one on: names in disorder take it time
that grows with their square."""

_TYPES = {FeatureType.NUMERIC: float, FeatureType.BOOLEAN: bool, FeatureType.CATEGORICAL: str}
_UNSPEAKABLE = frozenset('\\"') | {chr(code) for code in range(32)}
"""What msgspec takes in no name of a field."""

_values: Callable[[Any], tuple[Any, ...]] = msgspec.structs.astuple


class InstanceDecoder:
    """Reads instances of one schema: what conforms quickly, and whatever does not by `Schema.conform`.

    Both give the same numbers; the second also says what is wrong.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._codes = [
            (place, {category: float(code) for code, category in enumerate(feature.categories)})
            for place, feature in enumerate(schema.features)
            if feature.categories is not None
        ]
        instance = _instance_type(schema.features)
        self._decode_one = None if instance is None else msgspec.json.Decoder(instance).decode
        self._decode_many = None if instance is None else msgspec.json.Decoder(list[instance]).decode  # type: ignore[valid-type]

    def row(self, asked: Asked) -> Row:
        """Return the numbers of a single instance, in the order of the features; None or NaN is a missing value.

        Raises:
            NotJson, NonConformingInstance: It is no instance of this schema.
            GuessedWrong: That cannot be told by a guess.
        """
        if self._decode_one is not None:
            try:
                values = _values(self._decode_one(asked.features))
            except UNDECODABLE:
                pass
            else:
                return self._coded(values) if self._codes else values
        return self._conforming(asked)[0]

    def rows(self, asked: Asked) -> Floats:
        """Return the numbers of all instances, of shape (rows, features).

        Raises:
            NotJson, NonConformingInstance: One of them is no instance of this schema.
            GuessedWrong: That cannot be told by a guess.
            InvalidInput: There are too many.
        """
        if asked.is_single:
            return np.array([self.row(asked)], dtype=np.float64)
        if self._decode_many is not None:
            try:
                instances = self._decode_many(asked.features)
            except UNDECODABLE:
                pass
            else:
                require_countable(len(instances))
                return self._matrix(instances)
        return self._as_matrix(self._conforming(asked))

    def of_lines(
        self, lines: Sequence[bytes], *, numbers: Sequence[int]
    ) -> tuple[Floats, NotJson | NonConformingInstance | None]:
        """Return the numbers of instances in a line each, and what is wrong with the first line that is none.

        The numbers are of shape (rows, features), for all lines or those before the wrong one. What is wrong has
        the line's number in its details, and is None where each line is an instance.

        Args:
            lines: One instance each.
            numbers: Of the lines, for those who are to find them.
        """
        if self._decode_one is not None:
            try:
                return self._matrix(list(map(self._decode_one, lines))), None
            except UNDECODABLE:
                pass
        rows: list[list[float]] = []
        try:
            for line, number in zip(lines, numbers, strict=True):
                rows.append(self._conforming_line(line, number))
        except (NotJson, NonConformingInstance) as wrong:
            return self._as_matrix(rows), wrong
        return self._as_matrix(rows), None

    def _coded(self, values: Sequence[Any]) -> Row:
        coded = list(values)
        for place, codes in self._codes:
            coded[place] = codes.get(coded[place])
        return coded

    def _matrix(self, instances: Sequence[msgspec.Struct]) -> Floats:
        width = len(self._schema.features)
        cells = chain.from_iterable(map(_values, instances))
        if self._codes:
            coded = list(cells)
            for place, codes in self._codes:
                coded[place::width] = map(codes.get, coded[place::width])
            return np.array(coded, dtype=np.float64).reshape(-1, width)  # None becomes NaN
        try:
            return np.fromiter(cells, dtype=np.float64, count=len(instances) * width).reshape(-1, width)
        except TypeError:  # there is a None, which only a list may have
            return self._as_matrix(list(map(_values, instances)))

    def _as_matrix(self, rows: Sequence[Row]) -> Floats:
        return np.array(rows, dtype=np.float64).reshape(-1, len(self._schema.features))

    def _conforming_line(self, line: bytes, number: int) -> list[float]:
        try:
            instance: Any = require_json_text(line)
            return self._schema.conform((instance,))[0]
        except NotJson as error:
            message = f"Line {number}: {error.message}"
            raise NotJson(message, line=number) from None
        except NonConformingInstance as error:
            told = _at(f"line {number}", error)
            told.details["line"] = number
            raise told from None

    def _conforming(self, asked: Asked) -> list[list[float]]:
        if asked.is_guess:
            raise GuessedWrong
        document: Any = require_json_text(asked.body)
        features = document["features"]
        if asked.is_single:
            try:
                return self._schema.conform((features,))
            except NonConformingInstance as error:
                raise _at("features", error) from None
        require_countable(len(features))
        return self._schema.conform(features)


class InstanceDecoders:
    """A decoder for each version that is in memory; it goes with its version."""

    def __init__(self) -> None:
        self._decoders: WeakKeyDictionary[Predictor, InstanceDecoder] = WeakKeyDictionary()

    def of(self, predictor: Predictor) -> InstanceDecoder:
        """Return the decoder of a version, the same each time."""
        decoder = self._decoders.get(predictor)
        if decoder is None:
            decoder = self._decoders[predictor] = InstanceDecoder(predictor.schema)
        return decoder


def _instance_type(features: Sequence[Feature]) -> type[msgspec.Struct] | None:
    """Return the type of an instance; None where msgspec cannot or should not read it."""
    if len(features) > TYPED_FEATURES_MAX or any(_UNSPEAKABLE & set(feature.name) for feature in features):
        return None
    fields: list[tuple[str, Any]] = [
        (f"f{place}", _TYPES[feature.type] | None) for place, feature in enumerate(features)
    ]
    names = {f"f{place}": feature.name for place, feature in enumerate(features)}
    return msgspec.defstruct("Instance", fields, rename=names, forbid_unknown_fields=True, gc=False)


def _at(path: str, error: NonConformingInstance) -> NonConformingInstance:
    """Return the error of the only instance of a list as one that stands elsewhere."""
    return NonConformingInstance(
        each.model_copy(update={"field": each.field.replace("features[0]", path, 1)}) for each in error.problems
    )
