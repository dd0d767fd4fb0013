"""JSON as it comes in."""

import orjson

from interfaces.requests.problems import NotJson


def require_json_text(body: bytes) -> object:
    """Return what the body says as JSON (Source: RFC 8259, so without NaN and half surrogate pairs).

    Raises:
        NotJson: It is no JSON text.
    """
    if not body:
        raise NotJson("The body is empty, it must be a JSON object.")
    try:
        found: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        _require_utf8(body)
        message = f"The body is no JSON: {error}."
        raise NotJson(message) from None
    return found


def _require_utf8(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        message = f"The body is not in UTF-8, as JSON must be: see its byte {error.start + 1}."
        raise NotJson(message) from None
