"""What all views share: their immutability, and how they write instants."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer


def instant_text(instant: datetime) -> str:
    """Return RFC 3339 text in UTC, with microseconds always, so that it sorts as it follows in time."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def instant_in_words(instant: datetime) -> str:
    """Return the instant as sentences for people have it: in UTC, to the second."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


Instant = Annotated[datetime, PlainSerializer(instant_text, return_type=str, when_used="json")]


class View(BaseModel):
    """A document that readers see, under the contract's names."""

    model_config = ConfigDict(frozen=True, serialize_by_alias=True)
