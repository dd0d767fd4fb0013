"""Dates and instants: how they are spelled in text, and how they lie in memory.

Source:
    ISO 8601-1:2019, extended format. A date stands for its first moment; what names no offset is taken as UTC.
"""

import pyarrow as pa
import pyarrow.compute as pc

INSTANTS = pa.timestamp("us", tz="UTC")

_SPELLING = (
    r"\A[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?\z"
)
_OFFSET = r"[T ].*(?:Z|[+-][0-9:]+)\z"
_BELOW_MICROSECONDS = r"(\.[0-9]{6})[0-9]+"


def look_like_instants(cells: pa.Array) -> pa.Array:
    """Return which cells are spelled as an instant is; there may still be no such day or hour."""
    return pc.match_substring_regex(cells, _SPELLING)


def read_instants(cells: pa.Array) -> pa.Array:
    """Return the cells as instants, to the microsecond.

    Args:
        cells: Text, null where missing.

    Raises:
        pyarrow.ArrowInvalid: A cell is no instant.
    """
    cells = pc.replace_substring_regex(cells, _BELOW_MICROSECONDS, r"\1")
    has_offset = pc.match_substring_regex(cells, _OFFSET)
    with_offset = pc.cast(pc.if_else(has_offset, cells, None), INSTANTS)
    without = pc.cast(pc.if_else(has_offset, None, cells), pa.timestamp("us"))
    return pc.coalesce(with_offset, pc.cast(without, INSTANTS))


def as_instants(values: pa.Array) -> pa.Array:
    """Return dates or timestamps of any unit as instants, to the microsecond.

    Raises:
        pyarrow.ArrowInvalid: One lies beyond what can be counted.
    """
    return pc.cast(values, options=pc.CastOptions(INSTANTS, allow_time_truncate=True))
