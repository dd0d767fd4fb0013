"""Bodies in other codings: gzip and deflate, in both directions.

Source: RFC 9110, sections 8.4.1 and 12.5.3; "deflate" is the zlib format, and bare where a sender errs.
"""

import asyncio
import zlib
from collections.abc import Callable, Iterator
from itertools import islice

from interfaces.http.problems import MalformedBody, TooLarge, UnsupportedCoding

GZIP, DEFLATE, IDENTITY = "gzip", "deflate", "identity"
UNDERSTOOD = (GZIP, DEFLATE)

CODED_MIN_BYTES = 1_024
"""What is shorter is hardly made shorter."""

_GIVEN_BYTES = 64 * 1024
_STEP_CALLS = 16
_TAKEN_BYTES = 16 * 1024
"""zlib copies what it did not take each time it is called: members of gzip that are short and many would have it
copy a whole body for each of them."""

_WINDOW = 15
_WINDOWS = {GZIP: _WINDOW + 16, DEFLATE: _WINDOW}
_HEAD_BYTES = 2
_ZLIB_METHOD = 0x08
_ZLIB_CHECK = 31
_LEVEL = 1
_NONE = frozenset({"0", "0.0", "0.00", "0.000"})


def body_coding(given: str) -> str | None:
    """Return the coding of a body whose `Content-Encoding` is given; None for none.

    Raises:
        UnsupportedCoding: Nobody here knows it.
    """
    name = given.strip().lower()
    if name in {"", IDENTITY}:
        return None
    if name not in UNDERSTOOD:
        raise UnsupportedCoding(given, understood=UNDERSTOOD)
    return name


async def decoded(body: bytes, coding: str, *, max_bytes: int, take: Callable[[int], None]) -> bytes:
    """Return what a whole body is without its coding.

    Args:
        body: As it came.
        coding: One of `UNDERSTOOD`.
        max_bytes: It may have so many without its coding.
        take: Takes room for so many bytes.

    Raises:
        MalformedBody: The body is not in that coding, or not complete.
        TooLarge: It has more bytes.
        Overloaded: There is no room for it.
    """
    decoder = Decoder(coding)
    steps = decoder.steps(body)
    pieces: list[bytes] = []
    size = 0
    while (piece := await next_step(steps)) is not None:
        size += len(piece)
        if size > max_bytes:
            raise TooLarge(max_bytes=max_bytes)
        take(len(piece))
        pieces.append(piece)
    decoder.end()
    return b"".join(pieces)


async def next_step(steps: Iterator[bytes]) -> bytes | None:
    """Return the next of a decoder's steps, made while others go on; None at the end."""
    return await asyncio.to_thread(next, steps, None)


class Decoder:
    """Takes a body out of its coding in short steps, so that a small one cannot take much room or time unseen.

    Args:
        coding: One of `UNDERSTOOD`.
    """

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._decompressor = zlib.decompressobj(_WINDOWS[coding])
        self._head: bytes | None = b"" if coding == DEFLATE else None
        self._is_within = False
        self._has_ended = False

    def steps(self, piece: bytes) -> Iterator[bytes]:
        """Yield what the next piece of the body holds, at most 1 MiB at a time.

        Raises:
            MalformedBody: The body is not in the coding.
        """
        calls = self._calls(self._of_known_format(piece))
        while step := tuple(islice(calls, _STEP_CALLS)):
            yield b"".join(step)

    def end(self) -> None:
        """Demand that the body has come to its end.

        Raises:
            MalformedBody: It has not.
        """
        if self._is_within or self._head:
            raise MalformedBody(f"The body ends before the end of its {self._coding}.")

    def _of_known_format(self, piece: bytes) -> bytes:
        """Return what can be read by now: of "deflate", two bytes tell which of two formats it is."""
        if self._head is None:
            return piece
        self._head += piece
        if len(self._head) < _HEAD_BYTES:
            return b""
        if not _is_zlib(self._head):
            self._decompressor = zlib.decompressobj(-_WINDOW)
        piece, self._head = self._head, None
        return piece

    def _calls(self, piece: bytes) -> Iterator[bytes]:
        for start in range(0, len(piece), _TAKEN_BYTES):
            rest, is_full = piece[start : start + _TAKEN_BYTES], False
            while rest or is_full:
                if self._has_ended:
                    raise MalformedBody(f"The body goes on behind the end of its {self._coding}.")
                try:
                    given = self._decompressor.decompress(rest, _GIVEN_BYTES)
                except zlib.error:
                    message = f"The body is not in {self._coding}, as its Content-Encoding says."
                    raise MalformedBody(message) from None
                self._is_within = not self._decompressor.eof
                if self._is_within:
                    rest, is_full = self._decompressor.unconsumed_tail, len(given) == _GIVEN_BYTES
                else:
                    rest, is_full = self._decompressor.unused_data, False
                    self._begin_again()
                yield given

    def _begin_again(self) -> None:
        """Be ready for another member, of which gzip may have several."""
        self._has_ended = self._coding == DEFLATE
        self._decompressor = zlib.decompressobj(_WINDOWS[self._coding])


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


def _is_zlib(head: bytes) -> bool:
    """Tell whether a body begins as the zlib format does (Source: RFC 1950, section 2.2)."""
    return head[0] & 0x0F == _ZLIB_METHOD and int.from_bytes(head[:_HEAD_BYTES]) % _ZLIB_CHECK == 0
