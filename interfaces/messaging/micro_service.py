"""A micro service as NATS knows them (Source: ADR-32), whose endpoints work on many requests at once.

The library's own endpoints begin with a request when they have ended the one before: a long one would hold up
all others. So it brings the discovery, and what is discovered is this.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter_ns

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.micro.service import EndpointInfo, EndpointStats, Service, ServiceConfig, ServiceInfo, ServiceStats

AT_ONCE_MAX = 512
"""So many requests are worked on; more wait where they arrive."""

_END_S = 0.2
_NO_REPLY = "it names no subject for its answer"

_log = logging.getLogger(__name__)

Answer = Callable[[Msg], Awaitable[str | None]]
"""Answers a message, and returns the error that it told of, if it did; raises nothing."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an endpoint is found.

    Attributes:
        name: Of the endpoint.
        subject: On which it is asked.
        queue: Name of the group whose members share the requests.
        metadata: What else there is to be known of it.
    """

    name: str
    subject: str
    queue: str
    metadata: Mapping[str, str]


class ConcurrentEndpoint:
    """Has each request answered in a task of its own, and counts; drops what nobody waits for the answer of.

    Args:
        place: Where it is found.
        answer: What answers.
    """

    def __init__(self, place: Place, *, answer: Answer) -> None:
        self._place = place
        self._answer = answer
        self._places = asyncio.Semaphore(AT_ONCE_MAX)
        self._tasks: set[asyncio.Task[None]] = set()
        self._requests = 0
        self._errors = 0
        self._last_error: str | None = None
        self._took_ns = 0

    @property
    def info(self) -> EndpointInfo:
        """What is told to whoever discovers it."""
        place = self._place
        return EndpointInfo(
            name=place.name, subject=place.subject, queue_group=place.queue, metadata=dict(place.metadata)
        )

    @property
    def stats(self) -> EndpointStats:
        """What it has done so far."""
        done = self._requests - len(self._tasks)
        return EndpointStats(
            name=self._place.name,
            subject=self._place.subject,
            queue_group=self._place.queue,
            num_requests=self._requests,
            num_errors=self._errors,
            last_error=self._last_error,
            processing_time=self._took_ns,
            average_processing_time=self._took_ns // done if done else 0,
        )

    async def serve(self, client: Client) -> None:
        """Answer until cancelled. Then what is being answered is cancelled too, and may still say so."""
        subscription = await client.subscribe(self._place.subject, queue=self._place.queue, cb=self._begin)
        drain: Callable[[], Awaitable[None]] = subscription.drain  # of which the library does not tell the type
        try:
            await asyncio.Event().wait()
        finally:
            with suppress(NatsError, OSError, TimeoutError):
                async with asyncio.timeout(_END_S):
                    await drain()  # what has arrived already was given to nobody else
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=_END_S)

    async def _begin(self, message: Msg) -> None:
        self._requests += 1
        if not message.reply:
            self._note(_NO_REPLY)
            _log.warning("a request on %s is dropped: %s", message.subject, _NO_REPLY)
            return
        await self._places.acquire()
        task = asyncio.create_task(self._answered(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answered(self, message: Msg) -> None:
        began = perf_counter_ns()
        try:
            error = await self._answer(message)
        finally:
            self._places.release()
            self._took_ns += perf_counter_ns() - began
        if error is not None:
            self._note(error)

    def _note(self, error: str) -> None:
        self._errors += 1
        self._last_error = error


class DiscoverableService(Service):
    """Answers those who look for micro services, with what its endpoints are and have done.

    Args:
        client: A connection.
        config: What it is.
    """

    def __init__(self, client: Client, config: ServiceConfig) -> None:
        super().__init__(client, config)
        self._concurrent: tuple[ConcurrentEndpoint, ...] = ()

    def offer(self, endpoint: ConcurrentEndpoint) -> None:
        """Tell of an endpoint from now on, which serves by its own means."""
        self._concurrent = (*self._concurrent, endpoint)

    def info(self) -> ServiceInfo:
        """Return what the service is."""
        info = super().info()
        info.endpoints.extend(each.info for each in self._concurrent)
        return info

    def stats(self) -> ServiceStats:
        """Return what the service has done."""
        stats = super().stats()
        stats.endpoints.extend(each.stats for each in self._concurrent)
        return stats
