"""Everything of this process that speaks NATS, on one thread and one connection: it slows down nobody else."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from threading import Lock, Thread
from typing import Protocol, TypeVar

from nats.aio.client import Client

from application.ports.clock import Clock
from application.ports.leadership import Leadership
from application.ports.messaging import MessagingStatus, MessagingUnavailable
from infrastructure.messaging.address import NatsAddress
from infrastructure.messaging.connection import NatsConnection, connect
from infrastructure.messaging.session import Session
from infrastructure.messaging.supervised_part import SupervisedPart

_log = logging.getLogger(__name__)

_BACKOFF_FIRST_S = 0.1
_BACKOFF_MAX_S = 1.0
_STOP_S = 2.0
_CLOSE_S = 1.8

T = TypeVar("T")


class Part(Protocol):
    """Something that works on a connection."""

    @property
    def name(self) -> str:
        """For the log and the status."""

    async def run(self, client: Client) -> None:
        """Work until cancelled, which also happens when the connection is lost; leave no subscription behind.

        What it raises is kept as its error, and it is begun anew after a while.
        """


class Messaging:
    """A thread with an event loop, a connection to NATS that is made anew whenever it is lost, and the parts that
    work on it.

    Args:
        address: Returns where NATS is, for each attempt; it may raise to say that nobody knows.
        name: Of this client, for the operator of the servers.
        parts: Run whenever there is a connection.
        leading: Run while this process leads, too.
        leadership: Whether it does; None where nobody else could.
        when_unavailable: Told why there is no connection, again and again as long as there is none, where this
            process leads; may block.
        clock: Tells since when something fails.
    """

    def __init__(
        self,
        *,
        address: Callable[[], NatsAddress],
        name: str,
        parts: Sequence[Part] = (),
        leading: Sequence[Part] = (),
        leadership: Leadership | None = None,
        when_unavailable: Callable[[str], None] = lambda _: None,
        clock: Clock,
    ) -> None:
        self._address = address
        self._name = name
        self._parts = [SupervisedPart(name=part.name, work=part.run, clock=clock) for part in parts]
        self._leading = [SupervisedPart(name=part.name, work=part.run, clock=clock) for part in leading]
        self._leadership = leadership
        self._when_unavailable = when_unavailable
        self._clock = clock
        self._guard = Lock()
        self._thread: Thread | None = None
        self._is_stopped = False
        self._loop: asyncio.AbstractEventLoop | None = None  # while it takes calls
        self._stopping = asyncio.Event()
        self._session: Session | None = None
        self._error: str | None = None
        self._failing_since: datetime | None = None

    @property
    def status(self) -> MessagingStatus:
        """How messaging fares now."""
        session = self._session
        is_connected = session is not None and session.client.is_connected
        return MessagingStatus(
            is_connected=is_connected,
            server_url=session.client.server_url if session is not None and is_connected else None,
            error=None if is_connected else self._error,
            failing_since=None if is_connected else self._failing_since,
            subscriptions=session.client.subscription_count if session is not None and is_connected else 0,
            parts=tuple(part.status for part in (*self._parts, *self._leading)),
        )

    def start(self) -> None:
        """Begin, in the background; there may be no NATS for a while. Once stopped it does not begin again."""
        with self._guard:
            if self._thread is None and not self._is_stopped:
                self._thread = Thread(target=self._run, name=f"messaging-{self._name}", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End all of it, within two seconds whatever NATS does."""
        with self._guard:
            self._is_stopped = True
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._stopping.set)
        if self._thread is not None:
            self._thread.join(_STOP_S)
            if self._thread.is_alive():
                _log.warning("something that works on NATS does not end, and is left behind")

    def call(self, function: Callable[[Client], Awaitable[T]], *, timeout_s: float) -> "Future[T]":
        """Have a function called on the connection, from any thread.

        Returns:
            What it returns or raises; `MessagingUnavailable` when there is no connection, or not for so long,
            or the time is over.
        """
        with self._guard:
            if self._loop is not None:
                return asyncio.run_coroutine_threadsafe(self._called(function, timeout_s), self._loop)
        refused: Future[T] = Future()
        refused.set_exception(_unavailable())
        return refused

    def publish_soon(self, subject: str, payload: bytes, headers: dict[str, str] | None = None) -> None:
        """Publish to whoever listens now, from any thread, without waiting; it is dropped where that cannot be."""
        session, loop = self._session, self._loop
        if session is not None and loop is not None:
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(session.publish_soon, subject, payload, headers)

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        with self._guard:
            if self._is_stopped:
                return
            self._loop = asyncio.get_running_loop()
        connecting = asyncio.create_task(self._stay_connected())
        await self._stopping.wait()
        with self._guard:
            self._loop = None
        if self._session is None:
            connecting.cancel()
        else:
            self._session.give_up()  # what it ends in order, a cancellation would interrupt
        await asyncio.wait({connecting}, timeout=_CLOSE_S)

    async def _stay_connected(self) -> None:
        backoff_s = _BACKOFF_FIRST_S
        while not self._stopping.is_set():
            try:
                client = await connect(self._address(), name=self._name)
                backoff_s = _BACKOFF_FIRST_S
                await self._work(client)
                self._note(f"The connection to NATS at {client.server_url} is lost: {client.reason}.")
            except Exception as error:  # also what the address says: that nobody knows it yet
                self._note(str(error))
            if self._error is not None and not self._stopping.is_set():
                await asyncio.to_thread(self._tell_where_leading, self._error)
            with suppress(TimeoutError):
                async with asyncio.timeout(backoff_s):
                    await self._stopping.wait()
            backoff_s = min(2 * backoff_s, _BACKOFF_MAX_S)

    async def _work(self, client: NatsConnection) -> None:
        if self._error is not None:
            _log.warning("NATS is reached again, at %s", client.server_url)
        self._error = self._failing_since = None
        self._session = Session(client, parts=self._parts, leading=self._leading, leadership=self._leadership)
        try:
            await self._session.run()
        finally:
            self._session = None

    def _note(self, error: str) -> None:
        if self._stopping.is_set():
            return
        if error != self._error:
            _log.warning("%s", error)
        if self._failing_since is None:
            self._failing_since = self._clock.now()
        self._error = error

    def _tell_where_leading(self, error: str) -> None:
        try:
            if self._leadership is None or self._leadership.is_held():
                self._when_unavailable(error)
        except Exception as failure:  # whatever it is: the connection does not depend on who is told
            _log.info("Nobody could be told that there is no NATS: %s", failure)

    async def _called(self, function: Callable[[Client], Awaitable[T]], timeout_s: float) -> T:
        session = self._session
        if session is None:
            raise _unavailable()
        return await session.call(function, timeout_s=timeout_s)


def _unavailable() -> MessagingUnavailable:
    return MessagingUnavailable("NATS cannot be reached now: ask again.")
