"""The plain form in which neighbours may tell of an event: a type, what it says, and when."""

import json
import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from pydantic import Field, field_validator

from application.views import instant_text
from domain.kernel import Immutable

TYPE_MAX_CHARS = 255
ID_MAX_CHARS = 1_024
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""What no name of anything may have in it."""


class EventCallback(Immutable):
    """An event that a neighbour tells of.

    Attributes:
        event_type: What kind of event it is, such as `data.ingestion.completed`.
        payload: What it says. With an `event_id` the event is known again by that, else by all of it.
        timestamp: When it happened; in UTC where it names no offset.
    """

    event_type: str = Field(min_length=1, max_length=TYPE_MAX_CHARS)
    payload: dict[str, Any]
    timestamp: datetime | None = None

    @field_validator("event_type")
    @classmethod
    def _is_a_name(cls, event_type: str) -> str:
        if CONTROL.search(event_type):
            msg = "may not contain control characters"
            raise ValueError(msg)
        return event_type

    @field_validator("timestamp")
    @classmethod
    def _in_utc(cls, timestamp: datetime | None) -> datetime | None:
        if timestamp is None or timestamp.tzinfo is None:
            return timestamp and timestamp.replace(tzinfo=UTC)
        try:
            return timestamp.astimezone(UTC)
        except OverflowError:
            msg = "has no equivalent in UTC"
            raise ValueError(msg) from None

    @property
    def event_id(self) -> str:
        """By what it is known again: its own id, or the hash of its canonical form."""
        own = self.payload.get("event_id")
        if isinstance(own, str) and 0 < len(own) <= ID_MAX_CHARS and not CONTROL.search(own):
            return own
        return sha256(self.canonical()).hexdigest()

    def canonical(self) -> bytes:
        """Return the one JSON text that means the same, whatever the order of keys and the offset of time."""
        return canonical_json(
            {
                "event_type": self.event_type,
                "payload": self.payload,
                "timestamp": None if self.timestamp is None else instant_text(self.timestamp),
            }
        )


def canonical_json(value: Any) -> bytes:
    """Return JSON in UTF-8 with sorted keys and no spaces."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
