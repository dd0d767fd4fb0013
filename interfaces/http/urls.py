"""What a request's URL says, as text."""

from urllib.parse import unquote_to_bytes

from starlette.types import Scope

from interfaces.http.problems import MalformedUrl


def require_text(scope: Scope) -> None:
    """Refuse a path or query that would be read as text which nobody wrote.

    Raises:
        MalformedUrl: One of them is not UTF-8.
    """
    _require_utf8(scope.get("raw_path") or b"", part="path")
    _require_utf8(scope["query_string"], part="query")


def _require_utf8(written: bytes, *, part: str) -> None:
    if b"%" not in written and written.isascii():
        return
    try:
        unquote_to_bytes(written).decode()
    except UnicodeDecodeError:
        raise MalformedUrl(part) from None
