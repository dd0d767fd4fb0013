"""The body and the query of a prediction's request over HTTP."""

from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qsl

from starlette.types import Receive

from application.inference.explaining import Explain
from domain.errors import InvalidInput, suggestion
from interfaces.http.content_coding import decoded
from interfaces.http.patience import Patience
from interfaces.http.problems import BodyStalled, TooLarge
from interfaces.inference.explained import PARAMETER, parse_explain
from interfaces.inference.turns import SenderLeft
from interfaces.requests.problems import Overloaded

BODY_MAX_BYTES = 64 * 1024 * 1024
PIECE_WITHIN_S = 30.0
BODIES_MAX_BYTES = 512 * 1024 * 1024

PARAMETERS = (PARAMETER,)
"""Of the query where the body is JSON, all that there are."""


class Bodies:
    """Reads bodies whole, and bounds what those take together that do not come in one piece.

    Belongs to the event loop that uses it.

    Args:
        max_bytes: For all of them.
        within_s: So long each piece of a body is waited for.
    """

    def __init__(self, *, max_bytes: int = BODIES_MAX_BYTES, within_s: float = PIECE_WITHIN_S) -> None:
        self._max_bytes = max_bytes
        self._taken_bytes = 0
        self._patience = patience_with_senders(within_s)

    def share(self) -> "_Share":
        """Return a block that yields what takes so many bytes more, or gives them back.

        All are given back at the end of the block. Taking raises `Overloaded` where they are not to be had.
        """
        return _Share(self)

    def take(self, size_bytes: int) -> None:
        """Take so many bytes more, or give them back.

        Raises:
            Overloaded: They are not to be had.
        """
        if self._taken_bytes + size_bytes > self._max_bytes:
            message = f"{self._taken_bytes} bytes of requests are being read already: ask again."
            raise Overloaded(message)
        self._taken_bytes += size_bytes

    async def read(
        self,
        receive: Receive,
        headers: list[tuple[bytes, bytes]],
        *,
        coding: str | None = None,
        take: Callable[[int], None],
    ) -> bytes:
        """Return the whole body of a request, out of its coding.

        Args:
            receive: Of the request.
            headers: Of the request.
            coding: Of the body, one that is understood; None for none.
            take: Takes room for so many bytes.

        Raises:
            BodyStalled: Nothing more of it comes.
            TooLarge: It has more than `BODY_MAX_BYTES`, in its coding or out of it; what the sender declares is
                not even begun.
            MalformedBody: It is not in its coding.
            Overloaded: There is no room for it.
            SenderLeft: The sender went away.
        """
        for name, value in headers:
            if name == b"content-length" and value.isdigit() and int(value[:20]) > BODY_MAX_BYTES:
                raise TooLarge(max_bytes=BODY_MAX_BYTES)
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self._patience.wait_for(receive)
            if message["type"] == "http.disconnect":
                raise SenderLeft
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > BODY_MAX_BYTES:
                raise TooLarge(max_bytes=BODY_MAX_BYTES)
            if chunks or message.get("more_body", False):
                take(len(chunk))
            if not message.get("more_body", False):
                body = b"".join((*chunks, chunk)) if chunks else chunk
                if coding is None:
                    return body
                return await decoded(body, coding, max_bytes=BODY_MAX_BYTES, take=take)
            chunks.append(chunk)


class _Share:
    """What one request has taken; a class, as a generator would take as long as reading a short body."""

    __slots__ = ("_bodies", "_taken_bytes")

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._taken_bytes = 0

    def __enter__(self) -> Callable[[int], None]:
        return self._take

    def __exit__(self, *_: object) -> None:
        self._bodies.take(-self._taken_bytes)

    def _take(self, size_bytes: int) -> None:
        self._bodies.take(size_bytes)
        self._taken_bytes += size_bytes


def patience_with_senders(within_s: float) -> Patience:
    """Return what raises `BodyStalled` where a sender pauses for longer."""
    return Patience(within_s=within_s, otherwise=partial(BodyStalled, within_s=within_s))


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
