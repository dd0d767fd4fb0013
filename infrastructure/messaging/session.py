"""What is done on one connection, from its beginning until it is lost or given up."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from nats.aio.client import Client
from nats.errors import Error as NatsError

from application.ports.leadership import Leadership
from application.ports.messaging import MessagingUnavailable
from infrastructure.messaging.cancelling import cancelled
from infrastructure.messaging.connection import NatsConnection
from infrastructure.messaging.dropping_publisher import DroppingPublisher
from infrastructure.messaging.supervised_part import SupervisedPart

_LEASE_LOOK_S = 1.0
_CANCEL_S = 0.5

T = TypeVar("T")


class Session:
    """A connection, the parts that work on it, and the calls that others make by it.

    Args:
        client: The connection.
        parts: Run for as long as it lasts.
        leading: Run while this process leads, too.
        leadership: Whether it does; None where nobody else could.
    """

    def __init__(
        self,
        client: NatsConnection,
        *,
        parts: Sequence[SupervisedPart],
        leading: Sequence[SupervisedPart],
        leadership: Leadership | None,
    ) -> None:
        self.client = client
        self._parts = parts
        self._leading = leading
        self._leadership = leadership
        self._publisher = DroppingPublisher()
        self._tasks: dict[object, asyncio.Task[None]] = {}
        self._calls: set[asyncio.Task[Any]] = set()

    def give_up(self) -> None:
        """Have it end although the connection is well."""
        self.client.lost.set()

    async def run(self) -> None:
        """Work until the connection is lost or given up; nothing of it goes on after that."""
        self._tasks[self._publisher] = asyncio.create_task(self._publisher.run(self.client))
        for part in self._parts:
            self._begin(part)
        following = asyncio.create_task(self._follow_lease())
        try:
            await self.client.lost.wait()
        finally:
            following.cancel()
            await cancelled((following, *self._tasks.values()), within_s=_CANCEL_S)
            await self.client.close()
            # what waited for room to send has been let go by now
            await cancelled((*self._tasks.values(), *self._calls), within_s=_CANCEL_S)

    async def call(self, function: Callable[[Client], Awaitable[T]], *, timeout_s: float) -> T:
        """Return what the function returns.

        Raises:
            MessagingUnavailable: The connection is lost meanwhile, or the time is over.
        """
        task = asyncio.ensure_future(self._awaited(function))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        try:
            async with asyncio.timeout(timeout_s) as limit:
                return await task
        except (asyncio.CancelledError, NatsError, TimeoutError):
            if self.client.is_closed:
                message = f"The connection to NATS was lost: {self.client.reason}."
            elif limit.expired():
                message = f"NATS has not answered within {timeout_s:g} s."
            else:
                raise
            raise MessagingUnavailable(message) from None

    def publish_soon(self, subject: str, payload: bytes, headers: dict[str, str] | None) -> None:
        """Publish it when its turn comes; drop it when there is too much."""
        self._publisher.offer(subject, payload, headers)

    async def _awaited(self, function: Callable[[Client], Awaitable[T]]) -> T:
        return await function(self.client)

    def _begin(self, part: SupervisedPart) -> None:
        running = self._tasks.get(part)
        if running is None or running.done():
            self._tasks[part] = asyncio.create_task(part.run(self.client))

    async def _follow_lease(self) -> None:
        while self._leading:
            # in a thread: the answer may be a while in coming
            if self._leadership is None or await asyncio.to_thread(self._leadership.is_held):
                for part in self._leading:
                    self._begin(part)
            else:
                running = [task for part in self._leading if (task := self._tasks.get(part)) is not None]
                await cancelled(running, within_s=_CANCEL_S)
            await asyncio.sleep(_LEASE_LOOK_S)
