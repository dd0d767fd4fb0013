"""JSON bodies: read within bounds, and held against the command that they are to be."""

from typing import TypeVar

import pydantic
from starlette.requests import Request

from domain.kernel import Immutable
from interfaces.http.problems import TooLarge, UnsupportedMediaType
from interfaces.http.validation import invalid_input
from interfaces.requests.json_text import require_json_text
from interfaces.requests.problems import NotJson

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
JSON_BODY_MAX_BYTES = 2 * 1024 * 1024

Command = TypeVar("Command", bound=Immutable)


def media_type(request: Request) -> str | None:
    """Return the body's type in lower case, without its parameters; None when it is not said."""
    given = request.headers.get("content-type")
    return given.partition(";")[0].strip().lower() if given else None


def require_json(request: Request, *, understood: tuple[str, ...] = (JSON,)) -> None:
    """Refuse a body that does not say it is JSON: a browser sends others for any page, without asking us.

    Raises:
        UnsupportedMediaType: It says that it is something else, or nothing.
    """
    given = media_type(request)
    if given not in understood and (given is not None or has_body(request)):
        raise UnsupportedMediaType(given, understood=understood)


def has_body(request: Request) -> bool:
    """Tell whether a body comes with the request, by what its headers say."""
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


async def read_body(request: Request, *, max_bytes: int = JSON_BODY_MAX_BYTES) -> bytes:
    """Return the whole body.

    Raises:
        TooLarge: It has more bytes; no more than these are read.
    """
    require_length(request, max_bytes=max_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise TooLarge(max_bytes=max_bytes)
    return bytes(body)


def require_length(request: Request, *, max_bytes: int) -> None:
    """Refuse a body that says it is too large, before it is read.

    Raises:
        TooLarge: It does.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > max_bytes:
        raise TooLarge(max_bytes=max_bytes)


def parsed(body: bytes, command: type[Command]) -> Command:
    """Return the command that the body says: every field of its very type, none unknown.

    Raises:
        NotJson: The body is no JSON text.
        InvalidInput: What is wrong, field by field.
    """
    require_json_text(body)
    try:
        return command.model_validate_json(body, strict=True)
    except pydantic.ValidationError as error:
        if error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
            # RFC 8259 lets a reader bound what it takes; pydantic's bound on nesting is below orjson's
            raise NotJson("The body is JSON that is nested too deep to be read.") from None
        raise invalid_input(error, known=command.model_fields) from None
