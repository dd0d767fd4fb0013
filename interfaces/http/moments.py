"""Moments of the past, as a request names them: an instant, or a position of the log."""

import re
from datetime import UTC, datetime

from starlette.requests import Request

from application.views import instant_text
from domain.errors import InvalidInput
from interfaces.requests.fields import INTEGER_MAX

AS_OF = "as_of"
"""The parameter of every question whose answer can be had as it was."""

Moment = int | datetime
"""A position, or an instant in UTC."""

_POSITION_MAX_DIGITS = 100
# A + that was not percent-encoded has become a space on its way: no instant has one there otherwise.
_INSTANT = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<time>\d\d:\d\d:\d\d(?:\.\d+)?)(?P<offset>[Zz]|[-+ ]\d\d:\d\d)", re.ASCII
)


def is_position(given: str) -> bool:
    """Tell whether the text names a position: it is all digits."""
    return given.isascii() and given.isdigit()


def parse_moment(given: str, *, field: str) -> Moment:
    """Return the moment that the text names; a position that no log reaches is as good as any other.

    Raises:
        InvalidInput: It names none.
    """
    if is_position(given):
        return int(given) if len(given) <= _POSITION_MAX_DIGITS else INTEGER_MAX
    try:
        return parse_instant(given)
    except ValueError:
        message = (
            "must be a position (all digits) or an RFC 3339 instant with its time and offset, such as "
            "2026-01-31T09:30:00Z or 2026-01-31T10:30:00%2B01:00."
        )
        raise InvalidInput.of(field, message, given) from None


def parse_instant(given: str) -> datetime:
    """Return the instant in UTC; what it says beyond microseconds, which no event has, is cut off.

    Raises:
        ValueError: It is no RFC 3339 instant, or lies outside of the calendar.
    """
    found = _INSTANT.fullmatch(given)
    if found is None:
        raise ValueError(given)
    offset = "+00:00" if found["offset"] in "Zz" else found["offset"].replace(" ", "+")
    instant = datetime.fromisoformat(f"{found['date']}T{found['time']}{offset}")
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(given) from error


def as_of(request: Request) -> Moment | None:
    """Return the moment as of which the request asks; None for now.

    Raises:
        InvalidInput: It is none: also an empty one, which went missing on its way, does not mean now.
    """
    given = request.query_params.get(AS_OF)
    return None if given is None else parse_moment(given, field=AS_OF)


def written(moment: Moment | None) -> str:
    """Return a text that says the moment, always the same for the same."""
    if moment is None:
        return ""
    return instant_text(moment) if isinstance(moment, datetime) else str(moment)
