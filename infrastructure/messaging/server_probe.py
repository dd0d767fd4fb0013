"""Whether a NATS server takes messages, asked as its clients ask it: it has no port that answers others."""

import asyncio

from nats.errors import Error as NatsError

from application.ports.messaging import MessagingUnavailable
from infrastructure.messaging.address import NatsAddress
from infrastructure.messaging.connection import connect

_WITHIN_S = 1.0


def unreadiness(address: NatsAddress) -> str | None:
    """Return why the server is not ready; None when it lets clients in and has its streams.

    Args:
        address: Of the server alone.
    """
    try:
        asyncio.run(_ask(address))
    except (MessagingUnavailable, NatsError, OSError) as error:
        return str(error) or f"it does not answer: {type(error).__name__}"
    return None


async def _ask(address: NatsAddress) -> None:
    client = await connect(address, name="readiness")
    try:
        await client.jetstream(timeout=_WITHIN_S).account_info()
    finally:
        await client.close()
