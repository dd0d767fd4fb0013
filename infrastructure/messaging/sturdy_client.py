"""The NATS client, made to outlive what others write.

In nats-py 2.16 an exception while a message is taken apart ends the reading of the connection, unnoticed until
pings have gone unanswered; and a stored message is there again after every new connection.
"""

from typing import Any

from nats.aio.client import Client
from nats.js.api import Header

_OF_A_STREAM = b"$JS.ACK."


class SturdyClient(Client):
    """A client that takes every message for what it is: unreadable headers for none, any other's for that."""

    async def _process_headers(self, headers: bytes) -> dict[str, str] | None:
        try:
            found: dict[str, str] | None = await super()._process_headers(headers)
        except Exception:  # whatever a publisher has written there
            return None
        return found

    def _build_message(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: dict[str, str] | None
    ) -> Any:
        if headers and reply.startswith(_OF_A_STREAM):
            # what comes out of a stream is no status of the server's, whatever its publisher calls a header
            headers = {name: value for name, value in headers.items() if name != Header.STATUS}
        return super()._build_message(sid, _readable(subject), _readable(reply), data, headers)

    async def _process_pong(self) -> None:
        if self._pongs and self._pongs[0].done():  # who flushed does not wait any more; the next one is another's
            self._pongs.pop(0)
            self._pongs_received += 1
            self._pings_outstanding = 0
            return
        await super()._process_pong()

    async def _read_loop(self) -> None:
        await super()._read_loop()
        self._on_read_to_the_end()

    def _on_read_to_the_end(self) -> None:
        """Hear that nothing more is read, for whatever reason."""


def _readable(name: bytes) -> bytes:
    return name.decode(errors="replace").encode()
