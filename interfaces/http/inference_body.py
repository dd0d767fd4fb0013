"""The body and the query of a prediction's request over HTTP."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl

from starlette.types import Message, Receive

from application.inference.explaining import Explain
from domain.errors import InvalidInput, suggestion
from interfaces.http.problems import BodyStalled, TooLarge
from interfaces.inference.explained import PARAMETER, parse_explain
from interfaces.inference.turns import SenderLeft
from interfaces.requests.problems import Overloaded

BODY_MAX_BYTES = 64 * 1024 * 1024
PIECE_WITHIN_S = 30.0
BODIES_MAX_BYTES = 512 * 1024 * 1024

PARAMETERS = (PARAMETER,)
"""Of the query where the body is JSON, all that there are."""


class BodyMemory:
    """What the bodies of requests may take together that do not come in one piece.

    Args:
        max_bytes: For all of them.
    """

    def __init__(self, *, max_bytes: int = BODIES_MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._taken_bytes = 0

    @contextmanager
    def share(self) -> Iterator[Callable[[int], None]]:
        """Yield what takes so many bytes more, or gives them back; all are given back at the end of the block.

        It raises `Overloaded` where they are not to be had.
        """
        share_bytes = 0

        def take(size_bytes: int) -> None:
            nonlocal share_bytes
            if self._taken_bytes + size_bytes > self._max_bytes:
                message = f"{self._taken_bytes} bytes of requests are being read already: ask again."
                raise Overloaded(message)
            self._taken_bytes += size_bytes
            share_bytes += size_bytes

        try:
            yield take
        finally:
            self._taken_bytes -= share_bytes


async def read_body(
    receive: Receive,
    headers: list[tuple[bytes, bytes]],
    *,
    take: Callable[[int], None],
    within_s: float = PIECE_WITHIN_S,
) -> bytes:
    """Return the whole body.

    Args:
        receive: Of the request.
        headers: Of the request.
        take: Takes room for so many bytes.
        within_s: So long each piece of it is waited for.

    Raises:
        BodyStalled: Nothing more of it comes.
        TooLarge: It has more than `BODY_MAX_BYTES`; what the sender declares is not even begun.
        Overloaded: There is no room for it.
        SenderLeft: The sender went away.
    """
    for name, value in headers:
        if name == b"content-length" and value.isdigit() and int(value[:20]) > BODY_MAX_BYTES:
            raise TooLarge(max_bytes=BODY_MAX_BYTES)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await _next(receive, within_s)
        if message["type"] == "http.disconnect":
            raise SenderLeft
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > BODY_MAX_BYTES:
            raise TooLarge(max_bytes=BODY_MAX_BYTES)
        if chunks or message.get("more_body", False):
            take(len(chunk))
        if not message.get("more_body", False):
            return b"".join((*chunks, chunk)) if chunks else chunk
        chunks.append(chunk)


async def _next(receive: Receive, within_s: float) -> Message:
    try:
        async with asyncio.timeout(within_s):
            return await receive()
    except TimeoutError:
        raise BodyStalled(within_s=within_s) from None


async def sender_left(receive: Receive) -> None:
    """Return when the sender of a request whose body was read to its end goes away."""
    while (await receive())["type"] != "http.disconnect":
        pass


def parse_query(query: bytes) -> Explain:
    """Return which predictions are to be explained.

    Raises:
        InvalidInput: Another parameter is given, or `explain` twice or as nothing that can be asked.
    """
    if not query:
        return False
    given = parse_parameters(query, known=PARAMETERS)
    return parse_explain(given[PARAMETER]) if given else False


def parse_parameters(query: bytes, *, known: tuple[str, ...]) -> dict[str, str]:
    """Return the parameters of a query.

    Raises:
        InvalidInput: One is unknown, or given twice.
    """
    given: dict[str, str] = {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name not in known:
            raise InvalidInput.of(name, f"is no parameter here.{suggestion(name, known)}", value)
        if name in given:
            raise InvalidInput.of(name, "is given twice.", value)
        given[name] = value
    return given
