"""Connections to one port are spread evenly over processes, and none is lost that no process has taken."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest

from infrastructure.system.acceptor import Acceptor
from infrastructure.system.handed_connections import HandedConnections
from infrastructure.system.outlets import RECORD, STALLED_S, WAITING_MAX

WAIT_S = 20


class Echo(asyncio.Protocol):
    """Says the name of its process to whoever connects."""

    def __init__(self, process: "Process") -> None:
        self._process = process

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._process.connections.add(self)
        transport.write(self._process.name)

    def connection_lost(self, exc: Exception | None) -> None:
        self._process.connections.discard(self)


class Process:
    """What takes connections, as a process of its own would."""

    def __init__(self, name: bytes, acceptor: Acceptor) -> None:
        self.name = name
        self.connections: set[Echo] = set()
        ours, theirs = socket.socketpair()
        acceptor.add(ours)
        self.handed = HandedConnections(
            theirs, protocol=lambda: Echo(self), open_connections=lambda: len(self.connections)
        )

    def begin(self) -> "Process":
        self.handed.begin()
        return self


class Port:
    """A port, and what is behind it."""

    def __init__(self, *, processes: int) -> None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=1_024)
        self.address = listener.getsockname()
        self.acceptor = Acceptor(listener, processes=processes)
        self._processes: list[Process] = []
        self._writers: list[asyncio.StreamWriter] = []

    def process(self, name: bytes) -> Process:
        self._processes.append(Process(name, self.acceptor))
        return self._processes[-1]

    def silent_process(self) -> socket.socket:
        """Return the channel of a process that has said that it is ready, and stands still since then."""
        ours, theirs = socket.socketpair()
        self.acceptor.add(ours)
        theirs.send(RECORD.pack(0, 0))
        return theirs

    async def connected(self) -> tuple[bytes, asyncio.StreamWriter]:
        """Return the name of the process that has a new connection, and the connection."""
        reader, writer = await asyncio.open_connection(*self.address)
        self._writers.append(writer)
        async with asyncio.timeout(WAIT_S):
            return await reader.readexactly(1), writer

    async def names(self, count: int) -> list[bytes]:
        """Return the names of the processes that so many connections made at once belong to."""
        return [name for name, _ in await asyncio.gather(*(self.connected() for _ in range(count)))]

    async def close(self) -> None:
        self.acceptor.close()
        for process in self._processes:
            process.handed.end()
        for writer in self._writers:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def on_a_port(test: Callable[[Port], Coroutine[Any, Any, None]], *, processes: int) -> None:
    """Run the test; what it leaves open ends with it."""

    async def run() -> None:
        port = Port(processes=processes)
        try:
            await test(port)
        finally:
            await port.close()

    asyncio.run(run())


def test_connections_that_are_made_at_once_are_spread_evenly() -> None:
    async def test(port: Port) -> None:
        for name in (b"a", b"b", b"c", b"d"):
            port.process(name).begin()
        await port.acceptor.all_ready.wait()
        assert Counter(await port.names(16)) == {b"a": 4, b"b": 4, b"c": 4, b"d": 4}

    on_a_port(test, processes=4)


def test_a_process_that_has_fewer_gets_the_next() -> None:
    async def test(port: Port) -> None:
        for name in (b"a", b"b"):
            port.process(name).begin()
        await port.acceptor.all_ready.wait()
        made = [await port.connected() for _ in range(8)]
        for name, writer in made:
            if name == b"a":
                writer.close()
        async with asyncio.timeout(WAIT_S):
            while {each.connections for each in port.acceptor._outlets} != {0, 4}:  # noqa: ASYNC110 - nobody says so
                await asyncio.sleep(0.01)
        assert await port.names(4) == [b"a"] * 4

    on_a_port(test, processes=2)


def test_who_connects_before_any_process_is_ready_is_served_when_one_is() -> None:
    async def test(port: Port) -> None:
        waiting = asyncio.create_task(port.connected())
        process = port.process(b"a")
        done, _ = await asyncio.wait({waiting}, timeout=0.1)
        assert not done
        assert not port.acceptor.all_ready.is_set()
        process.begin()
        assert (await waiting)[0] == b"a"
        assert port.acceptor.all_ready.is_set()

    on_a_port(test, processes=1)


def test_what_a_process_has_not_taken_when_it_goes_away_another_is_given() -> None:
    async def test(port: Port) -> None:
        with port.silent_process():
            await port.acceptor.all_ready.wait()
            waiting = [asyncio.create_task(port.connected()) for _ in range(WAITING_MAX + 5)]
            done, _ = await asyncio.wait(waiting, timeout=0.1)
            assert not done
            port.process(b"b").begin()
        assert {name for name, _ in await asyncio.gather(*waiting)} == {b"b"}

    on_a_port(test, processes=1)


def test_a_process_that_stands_still_is_passed_over() -> None:
    async def test(port: Port) -> None:
        with port.silent_process():
            await port.acceptor.all_ready.wait()
            stuck = asyncio.create_task(port.connected())
            await asyncio.wait({stuck}, timeout=2 * STALLED_S)
            port.process(b"b").begin()
            assert await port.names(8) == [b"b"] * 8
            assert not stuck.done()
        assert (await stuck)[0] == b"b"

    on_a_port(test, processes=1)


def test_a_port_that_is_closed_keeps_nobody_waiting() -> None:
    async def test(port: Port) -> None:
        waiting = asyncio.create_task(port.connected())
        await asyncio.wait({waiting}, timeout=0.1)
        port.acceptor.close()
        with pytest.raises((OSError, EOFError)):
            await waiting
        late, other = socket.socketpair()
        with other:
            port.acceptor.add(late)
            assert late.fileno() == -1

    on_a_port(test, processes=1)
