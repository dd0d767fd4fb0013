"""Bodies in other codings: gzip and deflate, in both directions.

Source: RFC 9110, sections 8.4.1 and 12.5.3; "deflate" is the zlib format, and bare where a sender errs.
"""

import asyncio
import zlib
from collections.abc import Callable, Iterator

from interfaces.http.problems import MalformedBody, TooLarge, UnsupportedCoding

GZIP, DEFLATE, IDENTITY = "gzip", "deflate", "identity"
UNDERSTOOD = (GZIP, DEFLATE)

CODED_MIN_BYTES = 1_024
"""What is shorter is hardly made shorter."""

_STEP_BYTES = 1024 * 1024
_WINDOW = 15
_WINDOWS = {GZIP: _WINDOW + 16, DEFLATE: _WINDOW}
_ZLIB_METHOD = 0x08
_ZLIB_CHECK = 31
_LEVEL = 1
_NONE = frozenset({"0", "0.0", "0.00", "0.000"})


async def decoded(body: bytes, coding: str, *, max_bytes: int, take: Callable[[int], None]) -> bytes:
    """Return what a body is without its coding, step by step, so that a small body cannot take much room unseen.

    Args:
        body: As it came.
        coding: What its `Content-Encoding` says; empty for none.
        max_bytes: It may have so many without its coding.
        take: Takes room for so many bytes.

    Raises:
        UnsupportedCoding: Nobody here knows it.
        MalformedBody: The body is not in that coding, or not complete.
        TooLarge: It has more bytes.
        Overloaded: There is no room for it.
    """
    name = coding.strip().lower()
    if name in {"", IDENTITY}:
        return body
    if name not in UNDERSTOOD:
        raise UnsupportedCoding(coding, understood=UNDERSTOOD)
    steps = _steps(body, name)
    pieces: list[bytes] = []
    size = 0
    while (piece := await asyncio.to_thread(next, steps, None)) is not None:
        size += len(piece)
        if size > max_bytes:
            raise TooLarge(max_bytes=max_bytes)
        take(len(piece))
        pieces.append(piece)
    return b"".join(pieces)


def preferred_coding(accepted: str) -> str | None:
    """Return the coding that a reader takes, by its `Accept-Encoding`; None for none of those known here."""
    weights = dict(_weights(accepted))
    return next((each for each in UNDERSTOOD if weights.get(each, "0") not in _NONE), None)


def coded(body: bytes, coding: str) -> bytes:
    """Return the body in a coding, made quickly rather than as short as can be."""
    compressor = zlib.compressobj(_LEVEL, wbits=_WINDOWS[coding])
    return compressor.compress(body) + compressor.flush()


def _weights(accepted: str) -> Iterator[tuple[str, str]]:
    for each in accepted.lower().split(","):
        name, _, weight = each.partition(";")
        yield name.strip(), weight.partition("=")[2].strip() or "1"


def _steps(body: bytes, name: str) -> Iterator[bytes]:
    """Yield the body without its coding, at most a step at a time."""
    window = -_WINDOW if name == DEFLATE and not _is_zlib(body) else _WINDOWS[name]
    rest = body
    while rest:  # gzip may have several members
        decompressor = zlib.decompressobj(window)
        while not decompressor.eof:
            try:
                piece = decompressor.decompress(rest, _STEP_BYTES)
            except zlib.error:
                raise MalformedBody(f"The body is not in {name}, as its Content-Encoding says.") from None
            if not piece and not decompressor.eof and not decompressor.unconsumed_tail:
                raise MalformedBody(f"The body ends before the end of its {name}.")
            rest = decompressor.unconsumed_tail
            yield piece
        rest = decompressor.unused_data
        if rest and name == DEFLATE:
            raise MalformedBody(f"The body goes on behind the end of its {name}.")


def _is_zlib(body: bytes) -> bool:
    """Tell whether a body begins as the zlib format does (Source: RFC 1950, section 2.2)."""
    return body[:1] != b"" and body[0] & 0x0F == _ZLIB_METHOD and int.from_bytes(body[:2]) % _ZLIB_CHECK == 0
