"""Do tensors have the features that a version was trained on? And as which rows?

What JSON instances are refused for, tensors are refused for; both give a version the same rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from application.ports.predictor import Floats, Rows
from domain.errors import FieldProblem, InvalidInput, suggestion
from domain.inference.conformance import Schema
from domain.inference.errors import NonConformingInstance
from domain.inference.values import Feature, FeatureType
from interfaces.http.open_inference.datatypes import BOOL, BYTES, OF_FEATURES
from interfaces.http.open_inference.elements import element_path, infinite, numbers, texts
from interfaces.http.open_inference.requests import InputTensor
from interfaces.http.open_inference.written import NotReadable, cell_reader
from interfaces.inference.asked import INSTANCES_MAX

_TABLE_RANK = 2
_WANTED = {
    FeatureType.NUMERIC: "a tensor of numbers",
    FeatureType.BOOLEAN: "a tensor of BOOL, or of numbers that are 0, 1 or NaN",
    FeatureType.CATEGORICAL: "a tensor of BYTES, the texts in UTF-8",
    FeatureType.DATETIME: "a tensor of BYTES, dates or times in ISO 8601",
    FeatureType.TEXT: "a tensor of BYTES, the texts in UTF-8",
    FeatureType.NESTED: "a tensor of BYTES, each the JSON of a list or an object",
}


class TensorSchema:
    """The features of one version, ready to turn tensors into rows."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._readers = {each.name: cell_reader(each) for each in schema.features if _is_written(each)}
        self._booleans = [
            (place, feature)
            for place, feature in enumerate(schema.features)
            if feature.type is FeatureType.BOOLEAN
        ]
        self._has_numbers_only = all(feature.type is FeatureType.NUMERIC for feature in schema.features)

    def rows(self, inputs: Sequence[InputTensor]) -> Rows:
        """Return the rows.

        Args:
            inputs: One table of shape [rows, features], its columns in the order of the schema, or a tensor of
                shape [rows] or [rows, 1] for each feature, by its name; an optional one may be absent.

        Raises:
            NonConformingInstance: A feature is unknown (with the nearest), absent, or of a wrong type or value.
            InvalidInput: A shape or size is off.
        """
        if self._is_table(inputs):
            return self._rows_of_table(inputs[0])
        by_name = self._by_name(inputs)
        count, columns = _common_count(inputs), {}
        for feature in self._schema.features:
            if (tensor := by_name.get(feature.name)) is not None:
                columns[feature.name] = self._column(tensor, feature)
        rows = self._joined(columns, count)
        if (found := _first_infinite(rows.numbers)) is not None:
            row, place = found
            raise infinite(by_name[self._schema.names[place]], row)
        return rows

    def _joined(self, columns: Mapping[str, Any], count: int) -> Rows:
        """Return rows of columns by name; one that is not there is missing in every row."""
        names, places = self._schema.names, self._schema.objects
        numbers = np.full((count, len(names)), np.nan)
        for place, name in enumerate(names):
            if place not in places and name in columns:
                numbers[:, place] = columns[name]
        return Rows(numbers, {place: columns.get(names[place], [None] * count) for place in places})

    def _is_table(self, inputs: Sequence[InputTensor]) -> bool:
        """Tell whether all features come in one tensor; of a single one, the tensor of its name is the same."""
        first, names = inputs[0], self._schema.names
        if len(inputs) > 1 or len(first.shape) != _TABLE_RANK:
            return False
        return first.shape[1] != 1 or (len(names) == 1 and first.name not in names)

    def _rows_of_table(self, table: InputTensor) -> Rows:
        features = self._schema.features
        width = len(features)
        if table.shape[1] != width:
            message = (
                f"must be [rows, {width}], with a column for each feature in the order of the model's metadata, "
                f"or a tensor for each feature by its name; is {list(table.shape)}."
            )
            raise InvalidInput.of(f"{table.place}.shape", message)
        _require_few(table)
        self._require_types(table)
        if table.datatype == BYTES:
            found = texts(table)
            columns = {
                each.name: self._cells(table, found[place::width], each, first=place, step=width)
                for place, each in enumerate(features)
            }
            return self._joined(columns, table.shape[0])
        rows = numbers(table).astype(np.float64).reshape(-1, width)  # copied to where it is aligned
        if (place := _first_infinite(rows)) is not None:
            raise infinite(table, place[0] * width + place[1])
        for column, feature in self._booleans:
            _require_truth(table, feature, rows[:, column], first=column, step=width)
        return Rows(rows)

    def _require_types(self, table: InputTensor) -> None:
        if self._has_numbers_only and table.datatype not in {BOOL, BYTES}:
            return
        problems = [problem for each in self._schema.features for problem in _type_problems(table, each)]
        if problems:
            raise NonConformingInstance(problems)

    def _by_name(self, inputs: Sequence[InputTensor]) -> dict[str, InputTensor]:
        by_name = {each.name: each for each in inputs}
        problems = list(_name_problems(inputs, by_name, self._schema))
        if not problems:
            features = self._schema.features
            given = [(by_name[each.name], each) for each in features if each.name in by_name]
            problems = [problem for tensor, each in given for problem in _type_problems(tensor, each)]
        if problems:
            raise NonConformingInstance(problems)
        return by_name

    def _column(self, tensor: InputTensor, feature: Feature) -> Any:
        if _is_written(feature):
            return self._cells(tensor, texts(tensor), feature, first=0, step=1)
        found = numbers(tensor)
        if feature.type is FeatureType.BOOLEAN:
            _require_truth(tensor, feature, found, first=0, step=1)
        return found

    def _cells(
        self, tensor: InputTensor, found: Sequence[str | None], feature: Feature, *, first: int, step: int
    ) -> list[Any]:
        read, cells = self._readers[feature.name], []
        for row, text in enumerate(found):
            try:
                cells.append(read(text))
            except NotReadable as error:
                field = element_path(tensor, first + row * step)
                raise NonConformingInstance([FieldProblem(field=field, message=str(error), value=text)]) from None
        return cells


def _is_written(feature: Feature) -> bool:
    return OF_FEATURES[feature.type] == BYTES


def _name_problems(
    inputs: Sequence[InputTensor], by_name: dict[str, InputTensor], schema: Schema
) -> Iterator[FieldProblem]:
    absent = [each.name for each in schema.features if each.name not in by_name and not each.is_optional]
    known = frozenset(schema.names)
    for each in inputs:
        if each.name not in known:
            message = f"is no feature of this version.{suggestion(each.name, absent or schema.names)}"
            yield FieldProblem(field=f"{each.place}.name", message=message, value=each.name)
        elif by_name[each.name] is not each:
            yield FieldProblem(field=f"{each.place}.name", message="is given twice.", value=each.name)
    for name in absent:
        message = f"{name!r} is missing; send NaN or null where its value is not known."
        yield FieldProblem(field="inputs", message=message)


def _common_count(inputs: Sequence[InputTensor]) -> int:
    for each in inputs:
        if len(each.shape) not in {1, _TABLE_RANK} or each.shape[1:] not in {(), (1,)}:
            message = f"must be [rows] or [rows, 1], is {list(each.shape)}."
            raise InvalidInput.of(f"{each.place}.shape", message)
        if each.shape[0] != inputs[0].shape[0]:
            message = f"has {each.shape[0]} rows, {inputs[0].place} has {inputs[0].shape[0]}."
            raise InvalidInput.of(f"{each.place}.shape", message)
    _require_few(inputs[0])
    return inputs[0].shape[0]


def _require_few(tensor: InputTensor) -> None:
    count = tensor.shape[0]
    if count > INSTANCES_MAX:
        message = f"has {count} rows, may have {INSTANCES_MAX}: send several requests."
        raise InvalidInput.of(f"{tensor.place}.shape", message)


def _type_problems(tensor: InputTensor, feature: Feature) -> Iterator[FieldProblem]:
    is_text = tensor.datatype == BYTES
    is_wrong = is_text is not _is_written(feature)
    if is_wrong or (tensor.datatype == BOOL and feature.type is FeatureType.NUMERIC):
        message = f"{feature.name!r} must be {_WANTED[feature.type]}, is of {tensor.datatype}."
        yield FieldProblem(field=f"{tensor.place}.datatype", message=message, value=tensor.datatype)


def _first_infinite(rows: Floats) -> tuple[int, int] | None:
    """Return the row and column of the first infinite number; None where there is none."""
    found = np.isinf(rows)
    if not found.any():
        return None
    row, column = divmod(int(found.argmax()), rows.shape[1])
    return row, column


def _require_truth(tensor: InputTensor, feature: Feature, column: NDArray[Any], *, first: int, step: int) -> None:
    """Refuse numbers for a feature that is true or false, but for 0 and 1, and NaN where it is not known."""
    if tensor.datatype == BOOL:
        return
    is_wrong = ~(np.isnan(column) | (column == 0) | (column == 1))
    if is_wrong.any():
        row = int(is_wrong.argmax())
        message = f"must be 0, 1 or NaN: {feature.name!r} is true or false."
        field = element_path(tensor, first + row * step)
        raise NonConformingInstance([FieldProblem(field=field, message=message, value=float(column[row]))])
