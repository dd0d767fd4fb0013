"""The HTTP server of a process, whose signals and beginning are its caller's."""

import asyncio
import gc
import logging
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from interfaces.gathered_writes import GatheringProtocol
from interfaces.settings import Settings

_CONNECTIONS_GRACE_S = 5
_STOP_LOOK_S = 1.0
_BROKEN_OFF = "ASGI callable returned without completing response."
_COLLECTED_AFTER = 10_000
"""So many new objects; at Python's 700, a tenth of a prediction's time goes into the search for garbage."""


class Server(uvicorn.Server):
    """A server that leaves signals to its caller, and says when it listens and when it is about to end.

    Args:
        app: What answers.
        settings: Of the service.
        when_started: Called when it listens; a stop that comes meanwhile is not waited with.
        when_stopping: Called when it is about to end, before anything is waited for.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        *,
        when_started: Callable[[], Coroutine[Any, Any, None]],
        when_stopping: Callable[[], None],
    ) -> None:
        super().__init__(_configuration(app, settings))
        logging.getLogger("uvicorn.error").addFilter(_ToldAlready())
        self._when_started = when_started
        self._when_stopping = when_stopping

    def stop(self) -> None:
        """Have it end soon, in order; from any thread or signal handler."""
        self.should_exit = True

    def connections(self) -> int:
        """Return how many connections are open."""
        return len(self.server_state.connections)

    def protocol(self) -> asyncio.Protocol:
        """Return what serves one more connection, which somebody else has accepted."""
        protocol: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return protocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then say so; a stop that comes meanwhile is not waited with."""
        await super().startup(sockets=sockets)
        gc.set_threshold(_COLLECTED_AFTER)
        gc.freeze()  # all modules are there: to look through them for garbage again would stop commands for 0.1 s
        started = asyncio.create_task(self._when_started())
        while not started.done() and not self.should_exit:
            await asyncio.wait({started}, timeout=_STOP_LOOK_S)
        if started.done():
            started.result()
        started.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that it is about to end, then wait for what is still being answered."""
        self._when_stopping()
        await super().shutdown(sockets=sockets)


class _ToldAlready(logging.Filter):
    """Keeps back what the server says of answers without an end: who breaks one off says which it is, and why."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the log gets a record."""
        return record.msg != _BROKEN_OFF


def _configuration(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=GatheringProtocol,
        access_log=False,
        log_config=None,
        log_level=settings.log_level,
        lifespan="on",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_CONNECTIONS_GRACE_S,
    )
