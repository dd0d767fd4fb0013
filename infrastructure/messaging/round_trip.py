"""Whether the NATS server answers."""

from nats.aio.client import Client

from infrastructure.messaging.parts import Messaging

_WITHIN_S = 0.9
_FLUSHED_WITHIN_S = 2  # later: whoever called is told sooner that time is over


def round_trip(messaging: Messaging) -> None:
    """Go to the server and back.

    Raises:
        MessagingUnavailable: There is no connection, or no answer for most of a second.
    """
    messaging.call(_to_the_server_and_back, timeout_s=_WITHIN_S).result()


async def _to_the_server_and_back(client: Client) -> None:
    await client.flush(timeout=_FLUSHED_WITHIN_S)
