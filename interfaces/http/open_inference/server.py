"""What the server says of itself, and whether it lives and is ready."""

import asyncio

from application.health.health import Health
from interfaces.http.health import unreadiness
from interfaces.http.open_inference import places
from interfaces.http.open_inference.metadata import server_metadata
from interfaces.http.open_inference.operations import Answer, Asked, Operation, answer_of, operation
from interfaces.http.open_inference.views import ServerMetadata, ServerState, ServerUnready

_LIVE_WITHIN_S = 0.2
"""A process lives whatever becomes of what it depends on: whoever asks that does not wait for it."""


class ServerOperations:
    """What is asked of the server.

    Args:
        health: How everything that it works with fares.
    """

    def __init__(self, *, health: Health) -> None:
        self._health = health

    def operations(self) -> list[Operation]:
        """Return what is served."""
        return [
            operation("GET", places.ROOT, self.metadata, name="get_server_metadata", answers=ServerMetadata),
            operation("GET", places.LIVE, self.live, name="get_server_liveness", answers=ServerState),
            operation(
                "GET",
                places.READY,
                self.ready,
                name="get_server_readiness",
                answers=ServerState,
                also={503: ServerUnready},
            ),
        ]

    async def metadata(self, _asked: Asked) -> Answer:
        """Answer what the server is, and which extensions of the protocol it has."""
        return answer_of(server_metadata())

    async def live(self, _asked: Asked) -> Answer:
        """Answer that the process runs, and whether it is ready as far as that is known at once."""
        try:
            async with asyncio.timeout(_LIVE_WITHIN_S):
                is_ready = not await unreadiness(self._health)
        except TimeoutError:
            is_ready = False
        return answer_of({"live": True, "ready": is_ready})

    async def ready(self, _asked: Asked) -> Answer:
        """Answer whether what is stored can be read, and is not old."""
        found = await unreadiness(self._health)
        if not found:
            return answer_of({"live": True, "ready": True})
        error = f"The service is not ready: {'; '.join(found)}"
        return answer_of({"error": error, "live": True, "ready": False}, status=503)
