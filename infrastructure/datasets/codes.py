"""Digits that only look like a quantity: zip codes, account numbers, ids.

As a float64 they would lose what tells them apart, so a column that has one of them is text.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

EXACT_INTEGER_MAX = 2**53 - 1
"""Beyond ± this a float64 stands for several integers."""

_WHOLE = r"\A[+-]?[0-9]+\z"
_ZERO, _NINE, _PLUS, _POINT = b"09+."


def are_exact(numbers: pa.Array) -> bool:
    """Tell whether all float64 are finite and within ±(2^53 - 1); a false alarm is possible where nulls are."""
    if not len(numbers):
        return True
    # What lies under a null is zero as a rule, so alarms are few; NaN makes both comparisons false.
    values = np.frombuffer(numbers.buffers()[1], np.float64, len(numbers), numbers.offset * 8)
    return bool(values.min() >= -EXACT_INTEGER_MAX and values.max() <= EXACT_INTEGER_MAX)


def is_inexact_integer(cells: pa.Array, numbers: pa.Array) -> pa.Array:
    """Return which cells are written in digits alone and name an integer that their float64 may not keep.

    Args:
        cells: Text without surrounding blanks.
        numbers: The same as float64.
    """
    is_large = pc.fill_null(pc.greater(pc.abs(numbers), EXACT_INTEGER_MAX), fill_value=False)
    return pc.and_(is_large, pc.match_substring_regex(cells, _WHOLE))


def may_have_leading_zeros(cells: pa.Array) -> bool:
    """Tell whether a number may be written as `007`: certain unless one begins with a blank.

    Looks at the first three bytes of each cell alone: a regular expression costs several times what
    all other reading of the column does.

    Args:
        cells: Numbers as `string`, null where missing.
    """
    _, offsets_buffer, data_buffer = cells.buffers()
    if data_buffer is None or not data_buffer.size:
        return False
    data = np.frombuffer(data_buffer, np.uint8)
    offsets = np.frombuffer(offsets_buffer, np.int32, len(cells) + 1, cells.offset * 4)
    # An empty cell shows the byte of the one behind it, the last one the byte before: numbers all the same.
    at = offsets[:-1].astype(np.intp)
    first = data.take(at, mode="clip")
    if first.min() < _PLUS:
        return True
    at += first < _POINT  # Signs sort before the point, and the point before the digits.
    zeros = np.flatnonzero(data.take(at, mode="clip") == _ZERO)
    next_at = at[zeros] + 1
    inside = next_at[next_at < offsets[1:][zeros]]
    behind = data.take(inside)
    return bool(((behind >= _ZERO) & (behind <= _NINE)).any())
