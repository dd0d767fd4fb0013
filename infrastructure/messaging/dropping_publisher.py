"""Messages that are worth sending now or never."""

import asyncio
import logging

from nats.aio.client import Client
from nats.errors import Error as NatsError

_log = logging.getLogger(__name__)

_WAITING_MAX = 1_000


class DroppingPublisher:
    """Publishes in the order of the offers, and drops what it cannot get rid of."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[tuple[str, bytes, dict[str, str] | None]] = asyncio.Queue(_WAITING_MAX)

    def offer(self, subject: str, payload: bytes, headers: dict[str, str] | None) -> None:
        """Publish it soon, unless too many wait already; to be called on the event loop."""
        if not self._waiting.full():
            self._waiting.put_nowait((subject, payload, headers))

    async def run(self, client: Client) -> None:
        """Publish on the connection until cancelled, or the connection is lost."""
        while not client.is_closed:
            subject, payload, headers = await self._waiting.get()
            try:
                await client.publish(subject, payload, headers=headers)
            except (NatsError, OSError) as error:
                if not client.is_closed:
                    _log.warning("a message to %s was not published: %s", subject, error)
