"""Instants, texts and nested values in columns of Arrow's."""

import math
from typing import Any

import pyarrow as pa

from domain.inference.instants import seconds_of
from domain.inference.values import FeatureType
from interfaces.inference.arrow_extents import require_bounded_cells, require_bounded_texts

_MICROSECONDS = 1_000_000
_OF_A_SECOND = {"s": 1, "ms": 1_000, "us": _MICROSECONDS}


class NotAnInstant(ValueError):
    """A text is no date or time.

    Attributes:
        row: Its place in the column.
        text: The text.
    """

    def __init__(self, *, row: int, text: str) -> None:
        super().__init__(text)
        self.row = row
        self.text = text


def seconds(column: pa.Array) -> list[float]:
    """Return the seconds since 1970 of instants, dates or texts, as JSON's texts give them; NaN for a missing one.

    Raises:
        NotAnInstant: A text is no date or time.
        pyarrow.ArrowInvalid: The column is broken.
    """
    if _is_written(column.type):
        return _read_seconds(objects(column))
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("ms"))
    counts, units = column.cast(pa.int64()).to_pylist(), _OF_A_SECOND.get(column.type.unit)
    if units is None:  # what JSON says is told to the microsecond, too
        counts, units = [None if each is None else each // 1_000 for each in counts], _MICROSECONDS
    return [math.nan if each is None else each / units for each in counts]


def objects(column: pa.Array) -> list[Any]:
    """Return texts or nested values; a number in them that is none is a missing one.

    Raises:
        pyarrow.ArrowInvalid: The column is broken.
        InvalidInput: It means more than there may be.
    """
    is_dictionary, is_nested = pa.types.is_dictionary(column.type), pa.types.is_nested(column.type)
    require_bounded_texts(column.dictionary if is_dictionary else column)
    column.validate(full=True)
    if is_nested:
        require_bounded_cells(column)
    values: list[Any] = _spelled(column) if is_dictionary else column.to_pylist()
    return list(map(_plain, values)) if is_nested else values


def fits(wanted: FeatureType, kind: pa.DataType) -> bool:
    """Tell whether a column may hold instants, texts or nested values."""
    if wanted is FeatureType.NESTED:
        return _is_nested(kind)
    is_instant = pa.types.is_timestamp(kind) or pa.types.is_date(kind)
    return _is_written(kind) or (wanted is FeatureType.DATETIME and bool(is_instant))


def is_text(kind: pa.DataType) -> bool:
    """Tell whether a column holds text in one of Arrow's ways."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_written(kind: pa.DataType) -> bool:
    return is_text(kind.value_type if pa.types.is_dictionary(kind) else kind)


def _is_nested(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return all(_is_cell(kind.field(place).type) for place in range(kind.num_fields))
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(is_list) and _is_cell(kind.value_type)


def _is_cell(kind: pa.DataType) -> bool:
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    is_whole_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)  # views can be endless
    return bool(is_number) or pa.types.is_null(kind) or bool(is_whole_text) or _is_nested(kind)


def _spelled(column: pa.DictionaryArray) -> list[str | None]:
    """Return the texts of a column, each of which is there once however often it is named."""
    used = column.indices.unique().drop_null()
    texts = dict(zip(used.to_pylist(), column.dictionary.take(used).to_pylist(), strict=True))
    return list(map(texts.get, column.indices.to_pylist()))


def _read_seconds(texts: list[str | None]) -> list[float]:
    found = []
    for row, text in enumerate(texts):
        try:
            found.append(math.nan if text is None else seconds_of(text))
        except ValueError:
            raise NotAnInstant(row=row, text=text or "") from None
    return found


def _plain(value: Any) -> Any:
    """Return a value as JSON would have it, which knows no number that is none."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value
