"""Processes behind one port, which ask each other over sockets in a directory of their own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

ANSWER_WITHIN_S = 2.0


class SocketSiblings:
    """Each process listens on a socket named by its number; who connects is told, and that is all.

    Args:
        directory: Where nobody else may look.
        number: Of this process.
        count: How many there are.

    Attributes:
        number: Of this process among them.
    """

    def __init__(self, directory: Path, *, number: int, count: int) -> None:
        self._directory = directory
        self._count = count
        self.number = number

    @asynccontextmanager
    async def answering(self, tell: Callable[[], Awaitable[bytes]]) -> AsyncIterator[None]:
        """Answer the others with what `tell` returns, for as long as the block lasts."""

        async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                writer.write(await tell())
                await writer.drain()
            except ConnectionError:
                pass  # whoever asked waits no more
            finally:
                writer.close()

        # takes the place of a socket that a process before this one has left behind
        server = await asyncio.start_unix_server(answer, self._place(self.number))
        try:
            yield
        finally:
            server.close()

    async def ask(self) -> Sequence[bytes]:
        """Return what the others answer, in the order of their numbers; who does not in time is left out."""
        others = [number for number in range(self._count) if number != self.number]
        answers = await asyncio.gather(*(self._asked(number) for number in others))
        return [answer for answer in answers if answer]

    async def _asked(self, number: int) -> bytes:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                reader, writer = await asyncio.open_unix_connection(self._place(number))
                try:
                    return await reader.read()
                finally:
                    writer.close()
        except (OSError, TimeoutError):  # it is being started, or busy
            return b""

    def _place(self, number: int) -> Path:
        return self._directory / f"{number}.sock"
