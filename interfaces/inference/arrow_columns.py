"""Columns of Arrow's, into the rows that a version asks for."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from application.ports.predictor import Floats, Rows
from domain.errors import FieldProblem
from domain.inference.conformance import NOT_FINITE, WANTED, Schema
from domain.inference.errors import NonConformingInstance
from domain.inference.values import OBJECTS, Feature, FeatureType
from interfaces.inference.arrow_extents import require_bounded_texts
from interfaces.inference.arrow_objects import NotAnInstant, fits, is_text, objects, seconds
from interfaces.requests.problems import NotArrow

_FIELD = "features"
_TEXT = pa.large_string()
_VIEW_BYTES = 16


class ArrowColumns:
    """Reads record batches of one schema of Arrow's, in whatever order their columns stand.

    Args:
        schema: What the version asks for.
        given: What the batches have.

    Raises:
        NonConformingInstance: A column is missing, unknown, there twice, or of a type that is not asked for.
    """

    def __init__(self, schema: Schema, given: pa.Schema) -> None:
        problems = NonConformingInstance(_problems(schema, given))
        if problems.problems:
            raise problems
        self._columns = [
            (given.get_field_index(feature.name), feature, _reader(feature, given.field(feature.name).type))
            for feature in schema.features
            if feature.name in given.names
        ]
        self._schema = schema
        self._places = {name: place for place, name in enumerate(schema.names)}

    def renew_dictionaries(self, batch: pa.RecordBatch) -> None:
        """Take the dictionaries of a batch as those of all that follow.

        Raises:
            pyarrow.ArrowInvalid: One of them is broken.
        """
        for place, _, read in self._columns:
            if isinstance(read, _Dictionary):
                read.renew(batch.column(place).dictionary)

    def rows(self, batch: pa.RecordBatch, *, first: int) -> Rows:
        """Return the rows of a batch.

        Args:
            batch: Whose buffers are as long as they must be.
            first: The place of its first row among all.

        Raises:
            NonConformingInstance: A number is infinite, or a text no date or time.
            NotArrow, pyarrow.ArrowInvalid: A column is broken.
        """
        numbers = np.full((batch.num_rows, len(self._places)), np.nan, order="F")
        found: dict[int, Sequence[Any]] = dict.fromkeys(self._schema.objects, [None] * batch.num_rows)
        for place, feature, read in self._columns:
            column, feature_place = batch.column(place), self._places[feature.name]
            if feature.type in OBJECTS:
                found[feature_place] = read(column)
            else:
                try:
                    numbers[:, feature_place] = read(column)
                except NotAnInstant as wrong:
                    raise NonConformingInstance([_no_instant(wrong, feature, first)]) from None
        if np.isinf(numbers).any():
            raise NonConformingInstance(self._infinite(numbers, first))
        return Rows(numbers, found)

    def _infinite(self, numbers: Floats, first: int) -> Iterator[FieldProblem]:
        for row, place in np.argwhere(np.isinf(numbers)).tolist():
            field = f"{_FIELD}[{first + row}].{self._schema.names[place]}"
            yield FieldProblem(field=field, message=NOT_FINITE, value=str(numbers[row, place]))


def _no_instant(wrong: NotAnInstant, feature: Feature, first: int) -> FieldProblem:
    field = f"{_FIELD}[{first + wrong.row}].{feature.name}"
    return FieldProblem(field=field, message=f"must be {WANTED[feature.type]}.", value=wrong.text)


class _Dictionary:
    """Reads text that is spelled by its place in a dictionary."""

    def __init__(self, categories: pa.Array) -> None:
        self._categories = categories
        self._codes = np.full(1, np.nan)

    def renew(self, dictionary: pa.Array) -> None:
        """Take another dictionary."""
        # one more than there are, so that there is always one to take for a null
        self._codes = np.append(_codes(dictionary, self._categories), np.nan)

    def __call__(self, column: pa.DictionaryArray) -> Floats:
        """Return the codes of a column."""
        places = column.indices.fill_null(0).to_numpy().astype(np.intp)
        if len(places) and not 0 <= places.min() <= places.max() < len(self._codes):
            raise NotArrow("The stream names a place in a dictionary that does not have it.")
        codes: Floats = self._codes[places]
        if column.indices.null_count:
            codes[column.indices.is_null().to_numpy(zero_copy_only=False)] = np.nan
        return codes


def _reader(feature: Feature, kind: pa.DataType) -> Callable[[pa.Array], Any]:
    if feature.type in OBJECTS:
        return objects
    if pa.types.is_null(kind):
        return lambda column: np.full(len(column), np.nan)
    if feature.type is FeatureType.DATETIME:
        return seconds
    if feature.type is FeatureType.NUMERIC:
        return _as_numbers
    if feature.type is FeatureType.BOOLEAN:
        return lambda column: _as_numbers(column.cast(pa.float64()))
    categories = pa.array(feature.categories or (), type=_TEXT)
    return _Dictionary(categories) if pa.types.is_dictionary(kind) else partial(_codes, categories=categories)


def _codes(text: pa.Array, categories: pa.Array) -> Floats:
    require_bounded_texts(text)
    text.validate(full=True)
    if not pa.types.is_string_view(text.type) or len(text) == 0:
        return _as_numbers(pc.index_in(text.cast(_TEXT), value_set=categories, skip_nulls=True))
    is_null = text.is_null().to_numpy(zero_copy_only=False)
    codes = _as_numbers(pc.index_in(_without_nulls(text, is_null).cast(_TEXT), value_set=categories))
    return np.where(is_null, np.nan, codes)


def _without_nulls(text: pa.Array, is_null: NDArray[np.bool_]) -> pa.Array:
    """Return views with empty text in the place of each null.

    To cast views reads also what stands where a value is null, which may lead anywhere: nothing validates it.
    """
    _, views, *texts = text.buffers()
    valid = np.frombuffer(views, np.uint64, 2 * len(text), _VIEW_BYTES * text.offset).reshape(-1, 2).copy()
    valid[is_null] = 0
    return pa.Array.from_buffers(text.type, len(text), [None, pa.py_buffer(valid), *texts])


def _as_numbers(column: pa.Array) -> Floats:
    """Return numbers of any type; those with a null among them come as floats, NaN for each."""
    numbers: Floats = column.to_numpy(zero_copy_only=False)
    return numbers


def _problems(schema: Schema, given: pa.Schema) -> Iterator[FieldProblem]:
    for name, message in schema.misnamed(dict.fromkeys(given.names)):
        yield FieldProblem(field=f"{_FIELD}.{name}", message=message)
    counts = Counter(given.names)
    kinds = {field.name: field.type for field in given}
    for feature in schema.features:
        if counts[feature.name] > 1:
            message = f"is there {counts[feature.name]} times: send one column of this name."
            yield FieldProblem(field=f"{_FIELD}.{feature.name}", message=message)
        elif (kind := kinds.get(feature.name)) is not None and not _fits(feature.type, kind):
            message = f"must be {WANTED[feature.type]}, is of Arrow's type {kind}."
            yield FieldProblem(field=f"{_FIELD}.{feature.name}", message=message)


def _fits(wanted: FeatureType, kind: pa.DataType) -> bool:
    if pa.types.is_null(kind):
        return True
    if wanted is FeatureType.NUMERIC:
        return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
    if wanted is FeatureType.BOOLEAN:
        return bool(pa.types.is_boolean(kind))
    if wanted is FeatureType.CATEGORICAL:
        return is_text(kind.value_type if pa.types.is_dictionary(kind) else kind)
    return fits(wanted, kind)
