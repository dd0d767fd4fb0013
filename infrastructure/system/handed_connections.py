"""The connections that a process is handed by the one that accepts them."""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress

from infrastructure.system.outlets import RECORD

_log = logging.getLogger(__name__)

_TELL_EVERY_S = 0.1


class HandedConnections:
    """Serves each connection that comes on a channel. Belongs to the event loop that serves.

    Args:
        channel: A stream socket, on whose other side is an `Outlet`; closed at the end.
        protocol: Returns what serves one more connection.
        open_connections: Returns how many are open, whoever has closed the others.
    """

    def __init__(
        self,
        channel: socket.socket,
        *,
        protocol: Callable[[], asyncio.Protocol],
        open_connections: Callable[[], int],
    ) -> None:
        channel.settimeout(0.0)
        self._channel = channel
        self._protocol = protocol
        self._open_connections = open_connections
        self._taken = 0
        self._told: tuple[int, int] | None = None
        self._beginning: set[asyncio.Task[None]] = set()
        self._telling: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Say that connections can come, and take them."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._channel, self._take)
        self._telling = loop.create_task(self._keep_telling())

    def end(self) -> None:
        """Take nothing any more: what has not been taken goes back to who sent it."""
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
            asyncio.get_running_loop().remove_reader(self._channel)
        self._channel.close()

    def _take(self) -> None:
        try:
            mark, descriptors, _, _ = socket.recv_fds(self._channel, 1, 1)
        except BlockingIOError:
            return
        except OSError:
            mark, descriptors = b"", []
        for descriptor in descriptors:
            task = asyncio.get_running_loop().create_task(self._serve(socket.socket(fileno=descriptor)))
            self._beginning.add(task)
            task.add_done_callback(self._beginning.discard)
            self._taken += 1
        if mark:
            self._tell()
        else:
            self.end()

    async def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(0.0)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)
        except OSError as error:  # its sender has left already
            _log.debug("A connection that was handed over cannot be served: %s", error)
            connection.close()

    async def _keep_telling(self) -> None:
        while True:
            self._tell()
            await asyncio.sleep(_TELL_EVERY_S)

    def _tell(self) -> None:
        now = self._taken, self._open_connections() + len(self._beginning)
        if now != self._told:
            with suppress(OSError):  # full, or nobody listens any more; told the next time, or never
                self._channel.send(RECORD.pack(*now))
                self._told = now
