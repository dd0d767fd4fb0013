"""One process's way to another one that is to answer on connections: a channel that they are handed over on.

A byte goes with each connection; back come records of how many connections have been taken since the beginning,
and how many are open. A connection is let go of here only when it has been taken: what a process has not taken
when it dies, another can be given. (Some systems lose a descriptor that its sender closes earlier, too.)
"""

import socket
from collections import deque
from struct import Struct
from time import monotonic

RECORD = Struct("!QI")
"""Connections taken since the beginning, and connections open now."""

WAITING_MAX = 64
"""So many connections may wait for one process to take them."""

STALLED_S = 0.25
"""A process that has not taken a connection for so long gets others only when no process is better."""

_READ_BYTES = 4096
_MARK = b"+"


class Outlet:
    """Hands connections to one process.

    Args:
        channel: A stream socket, whose other side the process has; closed with the outlet.

    Attributes:
        is_ready: The process has said that it takes connections.
    """

    def __init__(self, channel: socket.socket) -> None:
        channel.settimeout(0.0)
        self._channel = channel
        self._waiting: deque[tuple[float, socket.socket]] = deque()
        self._heard = b""
        self._taken = 0
        self._open = 0
        self.is_ready = False

    @property
    def connections(self) -> int:
        """How many connections the process has, or is about to have."""
        return self._open + len(self._waiting)

    @property
    def has_room(self) -> bool:
        """Whether one more can be handed over now."""
        return self.is_ready and len(self._waiting) < WAITING_MAX

    @property
    def is_stalled(self) -> bool:
        """Whether a connection has been waiting for the process for longer than it should."""
        return bool(self._waiting) and monotonic() - self._waiting[0][0] > STALLED_S

    def fileno(self) -> int:
        """Return the channel's descriptor."""
        return self._channel.fileno()

    def give(self, connection: socket.socket) -> bool:
        """Hand the connection over; tell whether that could be done, and the connection is kept here."""
        try:
            socket.send_fds(self._channel, [_MARK], [connection.fileno()])
        except OSError:  # full, or the process is gone, which the channel will tell
            return False
        self._waiting.append((monotonic(), connection))
        return True

    def hear(self) -> bool:
        """Read what the process has told; False when it takes nothing any more."""
        try:
            heard = self._channel.recv(_READ_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._heard += heard
        whole = len(self._heard) // RECORD.size * RECORD.size
        for taken, opened in RECORD.iter_unpack(self._heard[:whole]):
            self.is_ready = True
            for _ in range(taken - self._taken):
                self._waiting.popleft()[1].close()
            self._taken, self._open = taken, opened
        self._heard = self._heard[whole:]
        return bool(heard)

    def close(self) -> list[socket.socket]:
        """Close the channel, and return the connections that were not taken."""
        self._channel.close()
        self.is_ready = False
        untaken = [connection for _, connection in self._waiting]
        self._waiting.clear()
        return untaken
