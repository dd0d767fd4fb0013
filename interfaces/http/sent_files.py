"""Open files on their way to readers."""

from collections.abc import AsyncIterator, Mapping
from typing import BinaryIO

import anyio.to_thread
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from application.ports.artifacts import ArtifactUnavailable
from interfaces.http.stopping import until_left

_PIECE_BYTES = 256 * 1024


class SentFile(StreamingResponse):
    """Sends a part of an open file, and closes the file.

    Args:
        file: What is sent.
        part: The places of the bytes.
        status: Of the response.
        headers: Of the response, with the type of the bytes.
    """

    def __init__(self, file: BinaryIO, *, part: range, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(self._pieces(), status_code=status, headers={**headers, "content-length": str(len(part))})
        self._file = file
        self._part = part

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, as far as it is wanted."""
        with self._file:
            await super().__call__(scope, until_left(receive), send)

    async def _pieces(self) -> AsyncIterator[bytes]:
        self._file.seek(self._part.start)
        left = len(self._part)
        while left:
            piece = await anyio.to_thread.run_sync(self._file.read, min(_PIECE_BYTES, left))
            if not piece:
                message = f"{self._file.name} was cut short while it was sent."
                raise ArtifactUnavailable(message)
            left -= len(piece)
            yield piece
