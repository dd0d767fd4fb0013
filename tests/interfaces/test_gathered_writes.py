"""A response leaves in as few pieces as the loop has turns, and whole."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
import uvloop
from uvicorn import Config
from uvicorn.server import ServerState

from interfaces import gathered_writes
from interfaces.gathered_writes import GatheredWrites, GatheringProtocol

ENOUGH_S = 60.0


def exchanged(serve: Callable[[asyncio.Transport], None], *, until: int) -> tuple[list[bytes], bool]:
    """Return the pieces that come, up to so many bytes, and whether the connection was closed then."""

    class Serving(asyncio.Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:
            serve(GatheredWrites(transport))

    async def run() -> tuple[list[bytes], bool]:
        here, there = socket.socketpair()
        here.setblocking(False)
        there.setblocking(False)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_accepted_socket(Serving, there)
        pieces: list[bytes] = []
        with here:
            async with asyncio.timeout(ENOUGH_S):
                while sum(map(len, pieces)) < until and (piece := await loop.sock_recv(here, 1 << 20)):
                    pieces.append(piece)
            is_closed = transport.is_closing()
            transport.abort()
        return pieces, is_closed

    return uvloop.run(run())


def test_what_is_written_in_one_turn_leaves_in_one_piece() -> None:
    def serve(transport: asyncio.Transport) -> None:
        for piece in (b"head ", b"body ", b"end"):
            transport.write(piece)
        assert transport.get_write_buffer_size() == len(b"head body end")

    assert exchanged(serve, until=13) == ([b"head body end"], False)


def test_closing_sends_what_was_written_before() -> None:
    def serve(transport: asyncio.Transport) -> None:
        transport.write(b"good")
        transport.write(b"bye")
        transport.close()
        assert transport.is_closing()

    pieces, is_closed = exchanged(serve, until=100)
    assert (b"".join(pieces), is_closed) == (b"goodbye", True)


def test_a_closed_connection_is_given_up_once_its_reader_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[Exception | None] = []

    class Serving(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            ended.append(exc)

    async def run(*, reads: bool) -> int:
        loop = asyncio.get_running_loop()
        here, there = socket.socketpair()
        here.setblocking(False)
        there.setblocking(False)
        received = 0
        with here:
            transport, _ = await loop.connect_accepted_socket(Serving, there)
            gathered = GatheredWrites(transport)
            gathered.write(b"x" * 4_000_000)
            gathered.close()
            async with asyncio.timeout(ENOUGH_S):
                while reads and (piece := await loop.sock_recv(here, 1 << 20)):
                    received += len(piece)
                while not ended:  # noqa: ASYNC110 - nothing else tells
                    await asyncio.sleep(0.001)
        return received

    assert uvloop.run(run(reads=True)) == 4_000_000
    ended.clear()
    monkeypatch.setattr(gathered_writes, "STUCK_S", 0.01)
    uvloop.run(run(reads=False))


def test_what_is_written_when_nobody_is_there_any_more_is_no_error() -> None:
    problems: list[object] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: problems.append(context))
        here, there = socket.socketpair()
        there.setblocking(False)
        with here:
            transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, there)
            gathered = GatheredWrites(transport)
            gathered.write(b"early")
            transport.abort()
            gathered.write(b"late")
            for _ in range(3):  # turns, until it is closed and what is written then would be sent
                await asyncio.sleep(0)
                gathered.write(b"later")
            await asyncio.sleep(0)

    uvloop.run(run())
    assert problems == []


def test_much_is_not_held_back_and_keeps_its_order() -> None:
    written = [bytes([number]) * 40_000 for number in range(50)]

    def serve(transport: asyncio.Transport) -> None:
        for piece in written:
            transport.write(piece)

    pieces, _ = exchanged(serve, until=2_000_000)
    assert b"".join(pieces) == b"".join(written)


@pytest.mark.parametrize("body", [b"short", b"x" * 300_000])
def test_a_response_of_http_is_whole_and_a_short_one_comes_at_once(body: bytes) -> None:
    async def app(_scope: object, _receive: object, send: Callable[[object], Awaitable[None]]) -> None:
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def run() -> list[bytes]:
        loop = asyncio.get_running_loop()
        config = Config(app, http=GatheringProtocol, log_config=None, lifespan="off")
        config.load()
        here, there = socket.socketpair()
        here.setblocking(False)
        there.setblocking(False)
        transport, _ = await loop.connect_accepted_socket(
            lambda: GatheringProtocol(config=config, server_state=ServerState(), app_state={}), there
        )
        pieces: list[bytes] = []
        with here:
            async with asyncio.timeout(ENOUGH_S):
                for _ in range(2):
                    await loop.sock_sendall(here, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                    size = 0
                    while size < len(body) or not pieces[-1].endswith(body[-5:]):
                        pieces.append(await loop.sock_recv(here, 1 << 20))
                        size += len(pieces[-1])
            transport.abort()
        return pieces

    pieces = uvloop.run(run())
    assert b"".join(pieces).count(b"HTTP/1.1 200 OK") == 2
    if len(body) < 1_000:
        assert len(pieces) == 2
