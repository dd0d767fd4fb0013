"""Instances out of JSON, straight into the rows that a version asks for."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
import numpy as np

from application.ports.predictor import Predictor, Row, Rows, rows_of
from domain.inference.conformance import Schema
from domain.inference.errors import NonConformingInstance
from domain.inference.instants import seconds_of
from domain.inference.values import Feature, FeatureType
from interfaces.inference.asked import UNDECODABLE, Asked, GuessedWrong, require_countable
from interfaces.requests.json_text import require_json_text
from interfaces.requests.problems import NotJson

TYPED_FEATURES_MAX = 200
"""msgspec looks for each name of an object from where it found the last one on: names in disorder take it time
that grows with their square."""

_TYPES = {
    FeatureType.NUMERIC: float,
    FeatureType.BOOLEAN: bool,
    FeatureType.CATEGORICAL: str,
    FeatureType.DATETIME: str,
    FeatureType.TEXT: str,
}
"""Of the cells that msgspec reads; what is nested is read as all JSON is."""
_UNSPEAKABLE = frozenset('\\"') | {chr(code) for code in range(32)}
"""What msgspec takes in no name of a field."""

_values: Callable[[Any], tuple[Any, ...]] = msgspec.structs.astuple


class InstanceDecoder:
    """Reads instances of one schema: what conforms quickly, and whatever does not by `Schema.conform`.

    Both give the same rows; the second also says what is wrong.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._readers = [
            (place, read)
            for place, feature in enumerate(schema.features)
            if (read := _reader(feature)) is not None
        ]
        instance = _instance_type(schema.features)
        self._decode_one = None if instance is None else msgspec.json.Decoder(instance).decode
        self._decode_many = None if instance is None else msgspec.json.Decoder(list[instance]).decode  # type: ignore[valid-type]

    def row(self, asked: Asked) -> Row:
        """Return the cells of a single instance, in the order of the features; None or NaN is a missing value.

        Raises:
            NotJson, NonConformingInstance: It is no instance of this schema.
            GuessedWrong: That cannot be told by a guess.
        """
        if self._decode_one is not None:
            try:
                values = _values(self._decode_one(asked.features))
                return self._read(values) if self._readers else values
            except UNDECODABLE:
                pass
        return self._conforming(asked)[0]

    def rows(self, asked: Asked) -> Rows:
        """Return all instances.

        Raises:
            NotJson, NonConformingInstance: One of them is no instance of this schema.
            GuessedWrong: That cannot be told by a guess.
            InvalidInput: There are too many.
        """
        if asked.is_single:
            return rows_of(self._schema, [self.row(asked)])
        if self._decode_many is not None:
            try:
                instances = self._decode_many(asked.features)
                require_countable(len(instances))
                return self._rows(instances)
            except UNDECODABLE:
                pass
        return rows_of(self._schema, self._conforming(asked))

    def of_lines(
        self, lines: Sequence[bytes], *, numbers: Sequence[int]
    ) -> tuple[Rows, NotJson | NonConformingInstance | None]:
        """Return instances in a line each, and what is wrong with the first line that is none.

        The rows are those of all lines, or of those before the wrong one. What is wrong has the line's number in
        its details, and is None where each line is an instance.

        Args:
            lines: One instance each.
            numbers: Of the lines, for those who are to find them.
        """
        if self._decode_one is not None:
            try:
                return self._rows(list(map(self._decode_one, lines))), None
            except UNDECODABLE:
                pass
        rows: list[list[Any]] = []
        try:
            for line, number in zip(lines, numbers, strict=True):
                rows.append(self._conforming_line(line, number))
        except (NotJson, NonConformingInstance) as wrong:
            return rows_of(self._schema, rows), wrong
        return rows_of(self._schema, rows), None

    def _read(self, values: Sequence[Any]) -> Row:
        cells = list(values)
        for place, read in self._readers:
            cells[place] = read(cells[place])
        return cells

    def _rows(self, instances: Sequence[msgspec.Struct]) -> Rows:
        width = len(self._schema.features)
        if self._schema.objects:
            return rows_of(self._schema, [self._read(_values(each)) for each in instances])
        values = chain.from_iterable(map(_values, instances))
        if self._readers:
            cells = list(values)
            for place, read in self._readers:
                cells[place::width] = map(read, cells[place::width])
            return Rows(np.array(cells, dtype=np.float64).reshape(-1, width))  # None becomes NaN
        try:
            numbers = np.fromiter(values, dtype=np.float64, count=len(instances) * width)
        except TypeError:  # there is a None, which only a list may have
            return rows_of(self._schema, list(map(_values, instances)))
        return Rows(numbers.reshape(-1, width))

    def _conforming_line(self, line: bytes, number: int) -> list[Any]:
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

    def _conforming(self, asked: Asked) -> list[list[Any]]:
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
    if any(feature.type not in _TYPES for feature in features):
        return None
    fields: list[Any] = [
        (f"f{place}", _TYPES[feature.type] | None, *([None] if feature.is_optional else []))
        for place, feature in enumerate(features)
    ]
    names = {f"f{place}": feature.name for place, feature in enumerate(features)}
    # by keyword, an optional feature may stand before one that is not
    return msgspec.defstruct("Instance", fields, rename=names, forbid_unknown_fields=True, gc=False, kw_only=True)


def _reader(feature: Feature) -> Callable[[Any], Any] | None:
    """Return what makes a cell of what msgspec has read; None where that is one.

    It raises ValueError for what is none.
    """
    if feature.categories is not None:
        return {category: float(code) for code, category in enumerate(feature.categories)}.get
    if feature.type is FeatureType.DATETIME:
        return lambda value: None if value is None else seconds_of(value)
    return None


def _at(path: str, error: NonConformingInstance) -> NonConformingInstance:
    """Return the error of the only instance of a list as one that stands elsewhere."""
    return NonConformingInstance(
        each.model_copy(update={"field": each.field.replace("features[0]", path, 1)}) for each in error.problems
    )
