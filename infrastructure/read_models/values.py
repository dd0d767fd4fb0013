"""Values as they are compared: numbers as 64-bit floats, instants as text of one width, storable text."""

import re
from datetime import datetime

from application.views import instant_text

_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", flags=re.ASCII | re.IGNORECASE
)
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


def number(value: float) -> float:
    """Return the number as a float; what is beyond its range is infinite."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def instant(text: str) -> str:
    """Return the instant in UTC with microseconds, so that texts sort as instants do.

    Raises:
        ValueError: Not RFC 3339 with an offset, or out of the calendar.
    """
    if _RFC_3339.fullmatch(text) is None:
        msg = f"{text!r} is not an RFC 3339 instant such as 2026-01-31T09:30:00Z"
        raise ValueError(msg)
    try:
        return instant_text(datetime.fromisoformat(text.upper()))
    except OverflowError as error:
        msg = f"{text!r} lies outside of the calendar"
        raise ValueError(msg) from error


def searchable(text: str) -> str:
    """Return the text with U+FFFD for what no database stores as text: NUL and halves of surrogate pairs."""
    return text if text.isprintable() else _NO_TEXT.sub("\ufffd", text)
