"""One port, many processes: one of them accepts, and hands each connection to the one that has the fewest."""

import asyncio
import errno
import logging
import socket
from collections import deque

from infrastructure.system.outlets import Outlet

_log = logging.getLogger(__name__)

_PAUSE_S = 1.0
_GONE = frozenset({errno.ECONNABORTED, errno.EINTR, errno.EPROTO})


class Acceptor:
    """Accepts connections as long as there is a process to hand them to; until there is, they wait to be accepted.

    A connection belongs to the process that it was handed to until it ends. What a process had not taken when it
    went away, another is given. Belongs to the event loop on which it is made.

    Args:
        listener: A listening socket; closed with the acceptor, so that nobody waits there in vain.
        processes: How many are to be ready.

    Attributes:
        all_ready: Set once so many processes have been ready together.
    """

    def __init__(self, listener: socket.socket, *, processes: int) -> None:
        listener.settimeout(0.0)
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._processes = processes
        self._outlets: set[Outlet] = set()
        self._returned: deque[socket.socket] = deque()
        self._is_accepting = False
        self._is_closed = False
        self.all_ready = asyncio.Event()

    def add(self, channel: socket.socket) -> None:
        """Hand connections to the process on the other side of the channel, from when it says so to its end."""
        if self._is_closed:
            channel.close()
            return
        outlet = Outlet(channel)
        self._outlets.add(outlet)
        self._loop.add_reader(outlet, self._hear, outlet)

    def close(self) -> None:
        """Accept nothing any more; what is not yet handed over is closed."""
        self._is_closed = True
        self._pause()
        self._listener.close()
        for outlet in tuple(self._outlets):
            self._drop(outlet)
        while self._returned:
            self._returned.popleft().close()

    def _hear(self, outlet: Outlet) -> None:
        if not outlet.hear():
            self._drop(outlet)
        if sum(each.is_ready for each in self._outlets) >= self._processes:
            self.all_ready.set()
        while self._returned and self._given(self._returned[0]):
            self._returned.popleft()
        if not self._returned and self._ready():
            self._resume()

    def _accept(self) -> None:
        if not self._ready():
            self._pause()
            return
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno not in _GONE:  # no descriptors left, for one: that does not pass at once
                _log.error("No connection can be accepted for now: %s", error)
                self._pause()
                self._loop.call_later(_PAUSE_S, self._resume)
            return
        if not self._given(connection):
            self._returned.append(connection)
            self._pause()

    def _given(self, connection: socket.socket) -> bool:
        return any(outlet.give(connection) for outlet in self._ready())

    def _ready(self) -> list[Outlet]:
        """Return the processes with room, best first: a stalled one may not go on for long."""
        ready = [each for each in self._outlets if each.has_room]
        return sorted(ready, key=lambda each: (each.is_stalled, each.connections))

    def _drop(self, outlet: Outlet) -> None:
        self._loop.remove_reader(outlet)
        self._outlets.discard(outlet)
        self._returned.extend(outlet.close())

    def _resume(self) -> None:
        if not self._is_accepting and not self._is_closed:
            self._is_accepting = True
            self._loop.add_reader(self._listener, self._accept)

    def _pause(self) -> None:
        if self._is_accepting:
            self._is_accepting = False
            self._loop.remove_reader(self._listener)
