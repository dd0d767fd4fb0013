"""The pieces of a body as they arrive, none of them read before it is asked for."""

import asyncio
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import anyio
from starlette.types import Message, Receive

from interfaces.http.content_coding import Decoder, next_step
from interfaces.http.patience import Patience
from interfaces.http.problems import TooLarge
from interfaces.inference.turns import SenderLeft


class Pieces:
    """Reads a body piece by piece; whoever sends faster than it is read has to wait.

    Args:
        receive: Of the request.
        headers: Of the request.
        coding: Of the body, one that is understood; None for none.
        patience: With a sender who pauses.
        max_bytes: Of all pieces, in their coding and out of it.

    Raises:
        TooLarge: The body says that it has more bytes.
    """

    def __init__(
        self,
        receive: Receive,
        headers: list[tuple[bytes, bytes]],
        *,
        coding: str | None,
        patience: Patience,
        max_bytes: int,
    ) -> None:
        for name, value in headers:
            if name == b"content-length" and value.isdigit() and int(value[:20]) > max_bytes:
                raise TooLarge(max_bytes=max_bytes)
        self._receive = receive
        self._patience = patience
        self._max_bytes = max_bytes
        self._size_bytes = 0
        self._decoder = None if coding is None else Decoder(coding)
        self._decoded: Iterator[bytes] = iter(())
        self._decoded_bytes = 0
        self._is_over = False
        self._ahead: asyncio.Future[Message] | None = None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Wait for nothing any more."""
        if self._ahead is not None:
            self._ahead.cancel()

    async def next(self) -> bytes | None:
        """Return the next piece, out of its coding; None at the end.

        Raises:
            SenderLeft: The sender went away.
            BodyStalled: It sends nothing.
            TooLarge: There are more bytes than may be.
            MalformedBody: They are not in their coding.
        """
        if self._decoder is None:
            return await self._next_arrived()
        while (piece := await next_step(self._decoded)) is None:
            if (arrived := await self._next_arrived()) is None:
                self._decoder.end()
                return None
            self._decoded = self._decoder.steps(arrived)
        self._decoded_bytes += len(piece)
        if self._decoded_bytes > self._max_bytes:
            raise TooLarge(max_bytes=self._max_bytes)
        return piece

    def has_left(self) -> bool:
        """Tell whether the sender is known to have left; keeps a look out, one piece ahead, from now on."""
        looked = self._looking()
        if not looked.done():
            return False
        if looked.result()["type"] == "http.disconnect":
            return True
        if self._is_over:
            self._ahead = None
        return False

    async def sender_left(self) -> None:
        """Return when the sender goes away; reads one piece ahead, and sees no further until that is taken."""
        while (await self._look())["type"] != "http.disconnect":
            if not self._is_over:
                await anyio.sleep_forever()
            self._ahead = None

    async def _next_arrived(self) -> bytes | None:
        while not self._is_over:
            message = await self._next()
            if message["type"] == "http.disconnect":
                raise SenderLeft
            self._is_over = not message.get("more_body", False)
            piece: bytes = message.get("body", b"")
            self._size_bytes += len(piece)
            if self._size_bytes > self._max_bytes:
                raise TooLarge(max_bytes=self._max_bytes)
            if piece:
                return piece
        return None

    async def _next(self) -> Message:
        if self._ahead is None:
            return await self._patience.wait_for(self._receive)
        message = await self._patience.wait_for(self._look)
        self._ahead = None
        return message

    async def _look(self) -> Message:
        return await asyncio.shield(self._looking())

    def _looking(self) -> asyncio.Future[Message]:
        if self._ahead is None:
            self._ahead = asyncio.ensure_future(self._receive())
        return self._ahead
