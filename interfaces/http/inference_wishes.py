"""What the headers of a prediction's request say of how it wants to be answered."""

from typing import NamedTuple

from interfaces.http.bodies import JSON
from interfaces.http.content_coding import body_coding
from interfaces.http.preferences import preferred_wait_s
from interfaces.http.problems import UnsupportedMediaType
from interfaces.requests.fields import whole_number

ARROW = "application/vnd.apache.arrow.stream"
NDJSON = "application/x-ndjson"
STREAMED = (ARROW, NDJSON)

_JSON = JSON.encode("ascii")


class Wishes(NamedTuple):
    """What is wished.

    Attributes:
        media_type: Of a body that is a stream of rows; None for JSON.
        position: The position that the sender wants to see; None for none.
        within_s: How many seconds it waits; None for as long as it takes.
        coding: Of the body; None for none.
    """

    media_type: str | None
    position: int | None
    within_s: int | None
    coding: str | None


NONE = Wishes(None, None, None, None)


def wishes_of(headers: list[tuple[bytes, bytes]]) -> Wishes:
    """Return what raw headers say.

    Raises:
        UnsupportedMediaType, UnsupportedCoding: The body is of a type, or in a coding, that is not understood.
        InvalidInput, MalformedHeader: A wish cannot be read.
    """
    wishes = NONE
    preferences: list[str] = []
    coding = ""
    for name, value in headers:
        if name == b"content-type":
            if value != _JSON:
                wishes = wishes._replace(media_type=_streamed(value))
        elif name == b"x-min-event-position":
            position = whole_number(value.decode("latin-1"), field="X-Min-Event-Position", minimum=0)
            wishes = wishes._replace(position=position)
        elif name == b"prefer":
            preferences.append(value.decode("latin-1"))
        elif name == b"content-encoding":
            coding = f"{coding}, {value.decode('latin-1')}" if coding else value.decode("latin-1")
    if coding:
        wishes = wishes._replace(coding=body_coding(coding))
    wait_s = preferred_wait_s(preferences) if preferences else None
    return wishes if wait_s is None else wishes._replace(within_s=max(1, wait_s))


def _streamed(content_type: bytes) -> str | None:
    given = content_type.partition(b";")[0].strip().lower().decode("latin-1")
    if given == JSON:
        return None
    if given not in STREAMED:
        raise UnsupportedMediaType(given, understood=(JSON, *STREAMED))
    return given
