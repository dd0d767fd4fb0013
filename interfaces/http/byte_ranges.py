"""Which part of a file a request asks for.

Source: RFC 9110, sections 13.1.5 and 14.
"""

import re

from starlette.requests import Request

from interfaces.http.problems import MalformedHeader, RangeNotSatisfiable

UNIT = "bytes"
_SPECIFIER = re.compile(r"(\d{0,99})-(\d{0,99})", re.ASCII)


def asked_range(request: Request, *, size_bytes: int, tag: str) -> range | None:
    """Return the places of the bytes that are asked for; None for all of them.

    All of them answer a request for several ranges, too, or for one of something else that this is not any more:
    a reader of parts has to expect that.

    Args:
        request: For its method, `Range` and `If-Range`.
        size_bytes: Of the file.
        tag: The file's strong entity tag, without its quotes.

    Raises:
        MalformedHeader: `Range` is none.
        RangeNotSatisfiable: The file has nothing of it.
    """
    given = ", ".join(request.headers.getlist("range"))
    unit, separator, specifiers = given.partition("=")
    if request.method != "GET" or not given or (separator and unit.strip().lower() != UNIT):
        return None
    if request.headers.get("if-range", f'"{tag}"') != f'"{tag}"':
        return None
    asked = [each for each in map(str.strip, specifiers.split(",")) if each]
    if len(asked) > 1:
        return None
    match = _SPECIFIER.fullmatch(asked[0]) if asked else None
    if match is None or match[0] == "-":
        raise _malformed()
    return _places(match[1], match[2], size_bytes)


def content_range(part: range, *, size_bytes: int) -> str:
    """Return what says of a part where it belongs."""
    return f"{UNIT} {part.start}-{part.stop - 1}/{size_bytes}"


def _places(first: str, last: str, size_bytes: int) -> range:
    if first and last and int(last) < int(first):
        raise _malformed()
    if not first:
        start, stop = max(size_bytes - int(last), 0), size_bytes
    else:
        start, stop = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
    if start >= stop:
        raise RangeNotSatisfiable(size_bytes=size_bytes)
    return range(start, stop)


def _malformed() -> MalformedHeader:
    return MalformedHeader(
        "Range must name one range of bytes, as in bytes=0-499, bytes=500- or bytes=-500.", header="Range"
    )
