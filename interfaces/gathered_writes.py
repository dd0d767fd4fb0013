"""What one turn of the event loop has to say over a connection goes out in one piece."""

import asyncio
import math
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

STUCK_S = 30.0
"""So long a closing connection may wait for its reader to take anything."""

_HELD_MAX_BYTES = 64 * 1024


class GatheredWrites(asyncio.Transport):
    """Holds back what is written until the end of the loop's turn, and writes it at once.

    uvicorn writes the head of a response and its body one after the other, and uvloop passes each to the system
    by itself: for a short answer, the second call takes as long as making it. More than 64 KiB are not held back.

    Args:
        transport: Of the connection.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._call_soon = asyncio.get_running_loop().call_soon
        self._held: list[Any] = []
        self._held_bytes = 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what is known of the connection."""
        return self._transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        """Return whether it is closed, or about to be."""
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        """Receive nothing for a while."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Receive again."""
        self._transport.resume_reading()

    def write(self, data: Any) -> None:
        """Write data, before the loop waits for anything."""
        if not self._held:
            self._call_soon(self._flush)
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > _HELD_MAX_BYTES:
            self._flush()

    def close(self) -> None:
        """Close the connection once all that was written is sent, or nobody takes it any more."""
        self._flush()
        self._transport.close()
        self._give_up_if_stuck(math.inf)

    def abort(self) -> None:
        """Close the connection at once."""
        self._held = []
        self._transport.abort()

    def is_reading(self) -> bool:
        """Return whether data is received."""
        return self._transport.is_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Have another protocol hear of the connection."""
        self._transport.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the protocol that hears of the connection."""
        return self._transport.get_protocol()

    def get_write_buffer_size(self) -> int:
        """Return how many bytes have not been sent yet."""
        return self._held_bytes + self._transport.get_write_buffer_size()

    def _give_up_if_stuck(self, left_before_bytes: float) -> None:
        """Look now and then whether the last bytes still leave: a reader who pauses would keep them for ever."""
        left_bytes = self._transport.get_write_buffer_size()
        if left_bytes >= left_before_bytes:
            self._transport.abort()
        elif left_bytes:
            asyncio.get_running_loop().call_later(STUCK_S, self._give_up_if_stuck, left_bytes)

    def _flush(self) -> None:
        if self._held:
            held, self._held, self._held_bytes = self._held, [], 0
            if not self._transport.is_closing():  # uvloop minds, and by then there is nobody to hear it
                self._transport.writelines(held)


class GatheringProtocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, with as few writes as there are turns."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Serve a connection."""
        super().connection_made(GatheredWrites(cast("asyncio.Transport", transport)))
