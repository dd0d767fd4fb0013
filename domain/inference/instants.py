"""Instants as numbers."""

from datetime import UTC, datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def seconds_of(text: str) -> float:
    """Return the seconds since 1970 that a date or time in ISO 8601 means, to the microsecond.

    A date means its beginning; what names no zone is in UTC.

    Raises:
        ValueError: The text is no such thing.
    """
    instant = datetime.fromisoformat(text)
    return ((instant if instant.tzinfo else instant.replace(tzinfo=UTC)) - _EPOCH).total_seconds()
