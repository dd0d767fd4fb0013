"""The end of the service, as those see it who are still waiting for something."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from starlette.types import Message, Receive

from interfaces.requests.problems import ServiceStopping


def until_left(receive: Receive) -> Receive:
    """Return what tells an answer that its reader has left, but not that the service is about to end.

    So it is sent on for as long as the server gives it, or ends in an order of its own.
    """

    async def receive_until_left() -> Message:
        try:
            return await receive()
        except ServiceStopping:
            await anyio.sleep_forever()
            raise

    return receive_until_left


class Stopping:
    """Whether the service is about to end. From then on nobody waits for what others may or may not do.

    Belongs to the event loop that serves: to be used from there alone.

    Attributes:
        has_begun: Whether it is.
    """

    def __init__(self) -> None:
        self.has_begun = False
        self._waits: set[anyio.CancelScope] = set()

    def begin(self) -> None:
        """End every wait that goes on, and each later one as it begins."""
        self.has_begun = True
        for each in tuple(self._waits):
            each.cancel()

    @contextmanager
    def ends_wait(self) -> Iterator[None]:
        """Leave the block early when the service is about to end."""
        with anyio.CancelScope() as scope:
            self._waits.add(scope)
            if self.has_begun:
                scope.cancel()
            try:
                yield
            finally:
                self._waits.discard(scope)
