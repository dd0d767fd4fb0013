"""Requests at a steady rate, whatever the server makes of them, each answer looked at."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import cycle
from typing import cast

_TICK_S = 0.001
_LAST_ANSWERS_S = 10.0
_OPEN_AGAIN_S = 0.1


class Connection(asyncio.Protocol):
    """One request at a time over a kept connection.

    Args:
        on_answer: Told of the connection, the status and the body.
        on_lost: Told when the other side ends the connection.

    Attributes:
        due_s: When its last request was to be sent, by `time.perf_counter`.
        sent_s: When it was.
        is_waiting: Whether that is not answered yet.
    """

    def __init__(
        self,
        *,
        on_answer: Callable[["Connection", bytes, bytes], None],
        on_lost: Callable[["Connection"], None],
    ) -> None:
        self.due_s = self.sent_s = 0.0
        self.is_waiting = False
        self._on_answer = on_answer
        self._on_lost = on_lost
        self._received = b""

    def send(self, request: bytes, *, due_s: float) -> None:
        """Send a request; the one before it has been answered."""
        self.is_waiting = True
        self.due_s = due_s
        self.sent_s = time.perf_counter()
        self._transport.write(request)

    def close(self) -> None:
        """End the connection; nobody is told."""
        self._on_lost = lambda _: None
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        received = self._received + data
        head, found, body = received.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            self._received = received
            return
        self._received = b""
        self.is_waiting = False
        self._on_answer(self, head[9:12], body)

    def connection_lost(self, _: Exception | None) -> None:
        self._on_lost(self)


class Pace:
    """Sends requests in turn, so many a second, over whichever connection is free.

    Args:
        on_answer: Told of the connection, the status and the body.
        on_broken: Told of each request that is not answered, or of a connection that cannot be opened again.
    """

    def __init__(
        self,
        requests: Sequence[bytes],
        *,
        rate: float,
        on_answer: Callable[[Connection, bytes, bytes], None],
        on_broken: Callable[[], None],
    ) -> None:
        self._requests = cycle(requests)
        self._interval_s = 1.0 / rate
        self._on_answer = on_answer
        self._on_broken = on_broken
        self._connections: set[Connection] = set()
        self._free: deque[Connection] = deque()
        self._opening: set[asyncio.Task[None]] = set()
        self._due_s = self._ends_s = 0.0

    async def run(self, host: str, port: int, *, connections: int, seconds: float) -> None:
        """Send for so long, then wait for the last answers."""
        self._address = (host, port)
        for _ in range(connections):
            await self._open()
        self._due_s = time.perf_counter()
        self._ends_s = self._due_s + seconds
        while self._has_work():
            self._send_what_is_due()
            await asyncio.sleep(_TICK_S)
        for task in self._opening:
            task.cancel()
        for each in self._connections:
            if each.is_waiting:
                self._on_broken()
            each.close()

    def _has_work(self) -> bool:
        now_s = time.perf_counter()
        if now_s < self._ends_s:
            return True
        return now_s < self._ends_s + _LAST_ANSWERS_S and any(each.is_waiting for each in self._connections)

    def _send_what_is_due(self) -> None:
        now_s = time.perf_counter()
        if now_s >= self._ends_s:
            return  # what is still due is not sent any more: it would only be cut off
        while self._due_s <= now_s and self._free:
            self._free.popleft().send(next(self._requests), due_s=self._due_s)
            self._due_s += self._interval_s

    def _answered(self, connection: Connection, status: bytes, body: bytes) -> None:
        self._on_answer(connection, status, body)
        self._free.append(connection)
        self._send_what_is_due()

    def _lost(self, connection: Connection) -> None:
        self._connections.discard(connection)
        with suppress(ValueError):
            self._free.remove(connection)
        if connection.is_waiting:
            self._on_broken()
        task = asyncio.get_running_loop().create_task(self._open_again())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open(self) -> None:
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(on_answer=self._answered, on_lost=self._lost), *self._address
        )
        self._connections.add(connection)
        self._free.append(connection)

    async def _open_again(self) -> None:
        while True:
            try:
                await self._open()
            except OSError:
                self._on_broken()
                await asyncio.sleep(_OPEN_AGAIN_S)
            else:
                return


async def answered(host: str, port: int, request: bytes) -> tuple[bytes, bytes]:
    """Return the status of an answer and its body, over a connection of its own; no status if that broke."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[tuple[bytes, bytes]] = loop.create_future()
    _, connection = await loop.create_connection(
        lambda: Connection(
            on_answer=lambda _, status, body: answer.set_result((status, body)),
            on_lost=lambda _: answer.done() or answer.set_result((b"", b"the connection broke")),
        ),
        host,
        port,
    )
    connection.send(request, due_s=time.perf_counter())
    try:
        return await answer
    finally:
        connection.close()


def _length(head: bytes) -> int:
    """Return the length of the body: servers here always say it."""
    begin = head.index(b"content-length: ") + 16
    end = head.find(b"\r", begin)
    return int(head[begin:] if end < 0 else head[begin:end])
