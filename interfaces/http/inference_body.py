"""The body and the query of a prediction's request over HTTP."""

from urllib.parse import parse_qsl

from starlette.types import Receive

from domain.errors import InvalidInput, suggestion
from interfaces.http.bodies import JSON
from interfaces.http.problems import TooLarge, UnsupportedMediaType
from interfaces.inference.turns import SenderLeft
from interfaces.requests.fields import boolean

BODY_MAX_BYTES = 64 * 1024 * 1024

PARAMETERS = ("explain",)
"""Of the query, all that there are."""
_JSON = JSON.encode("ascii")


async def read_body(receive: Receive, headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return the whole body.

    Raises:
        UnsupportedMediaType: It says that it is no JSON.
        TooLarge: It has more than `BODY_MAX_BYTES`; what the sender declares is not even begun.
        SenderLeft: The sender went away.
    """
    for name, value in headers:
        if name == b"content-type" and value != _JSON:
            _require_json(value)
        elif name == b"content-length" and value.isdigit() and int(value[:20]) > BODY_MAX_BYTES:
            raise TooLarge(max_bytes=BODY_MAX_BYTES)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise SenderLeft
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > BODY_MAX_BYTES:
            raise TooLarge(max_bytes=BODY_MAX_BYTES)
        if not message.get("more_body", False):
            return b"".join((*chunks, chunk)) if chunks else chunk
        chunks.append(chunk)


async def sender_left(receive: Receive) -> None:
    """Return when the sender of a request whose body was read to its end goes away."""
    while (await receive())["type"] != "http.disconnect":
        pass


def parse_query(query: bytes) -> bool:
    """Return whether explanations are asked for.

    Raises:
        InvalidInput: Another parameter is given, or `explain` twice or neither true nor false.
    """
    if not query:
        return False
    explain = None
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name not in PARAMETERS:
            raise InvalidInput.of(name, f"is no parameter here.{suggestion(name, PARAMETERS)}", value)
        if explain is not None:
            raise InvalidInput.of(name, "is given twice.", value)
        explain = boolean(value, field=name)
    return explain is True


def _require_json(content_type: bytes) -> None:
    given = content_type.partition(b";")[0].strip().lower()
    if given != _JSON:
        raise UnsupportedMediaType(given.decode("latin-1"), understood=(JSON,))
