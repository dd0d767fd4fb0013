"""Everything in one command: the API and the engine here, all else in processes of their own."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from ipaddress import ip_address
from typing import Any

import uvicorn

from application.ports.messaging import MessagingUnavailable
from application.service import Service
from infrastructure.system.children import Child, Supervised
from interfaces.bootstrap import running_service
from interfaces.database import require_database_service_url
from interfaces.health import nats_servers
from interfaces.home import announced, locked_home, require_finished
from interfaces.http.app import create_app
from interfaces.http.conversations import conversations
from interfaces.http.stopping import Stopping
from interfaces.neighbours import Address, nats_address, own_nats
from interfaces.settings import Settings

_CONNECTIONS_GRACE_S = 5
_CHILD_GRACE_S = 10.0
_NATS_S = 3.0
"""So long the service waits for its own NATS server before it says that it is ready, which it is without, too."""
_CATCH_UP_S = 1.0
_INTERRUPTED = 130


def serve(settings: Settings, *, with_demo: bool) -> None:
    """Serve until SIGINT or SIGTERM; at the second one end at once.

    Raises:
        DatabaseURLInvalid: The URL of the Database Service's database, or of the service's own, is none.
        HomeTaken: Another service runs on the data directory.
        HomeUnfinished: A restore into it did not end.
        NatsAddressInvalid: What the settings say of NATS is no address.
        OSError: The address cannot be listened on.
    """
    nats = nats_address(settings)
    require_database_service_url(settings)
    with ExitStack() as resources:
        resources.enter_context(locked_home(settings))
        require_finished(settings)
        listener = resources.enter_context(_listener(settings))
        own = resources.enter_context(own_nats(settings))
        running = resources.enter_context(running_service(settings, nats=nats))
        roles = ["worker", *(["database"] if settings.database_service == "own" else [])]
        children = resources.enter_context(_running(roles))
        url = _url(listener)

        async def when_started() -> None:
            await _caught_up(running.service)
            if own is not None:
                await asyncio.to_thread(own.wait_ready, _NATS_S)
            resources.enter_context(announced(settings, url, nats_url=partial(_known, nats)))
            print(f"ready {url}", flush=True)
            if with_demo:
                demo = Child(name="demo", arguments=_command("interfaces.cli.demo", url), restarts=False)
                demo.start()
                resources.callback(demo.stop, 0.0)

        stopping = Stopping()
        app = create_app(
            running.service,
            health=running.health,
            conversations=conversations(with_database_service=settings.database_service == "own"),
            nats_servers=partial(nats_servers, nats),
            predictions=running.predictions,
            upload_max_bytes=settings.upload_max_bytes,
            stopping=stopping,
            loopback_host=settings.host if _is_loopback(listener) else None,
        )
        server = _Server(_configuration(app, settings), when_started=when_started, when_stopping=stopping.begin)
        _stop_on_signals(server, [*children, *([own] if own is not None else [])])
        server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that leaves signals to its caller, and says when it listens and when it is about to end."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        when_started: Callable[[], Coroutine[Any, Any, None]],
        when_stopping: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._when_started = when_started
        self._when_stopping = when_stopping

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then say so; a stop that comes meanwhile is not waited with."""
        await super().startup(sockets=sockets)
        started = asyncio.create_task(self._when_started())
        while not started.done() and not self.should_exit:
            await asyncio.wait({started}, timeout=_CATCH_UP_S)
        if started.done():
            started.result()
        started.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that it is about to end, then wait for what is still being answered."""
        self._when_stopping()
        await super().shutdown(sockets=sockets)


@contextmanager
def _running(roles: Sequence[str]) -> Iterator[list[Child]]:
    """Yield processes of this service, one for each role, started again whenever they end."""
    children = [Child(name=role, arguments=_command("interfaces.main", role, "--lifeline")) for role in roles]
    for child in children:
        child.start()
    try:
        yield children
    finally:
        for child in children:  # all at once, and only then each in turn
            child.ask()
        for child in children:
            child.stop(_CHILD_GRACE_S)


def _known(nats: Address) -> str | None:
    try:
        return nats().url
    except MessagingUnavailable:
        return None


def _configuration(app: Any, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        log_level=settings.log_level,
        lifespan="on",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_CONNECTIONS_GRACE_S,
    )


async def _caught_up(service: Service) -> None:
    """Wait for the read models, however long they have to catch up: before that, readers would see the past."""
    head = await asyncio.to_thread(service.ledger.head)
    while not await service.progress.wait_until(head, _CATCH_UP_S):
        pass


def _stop_on_signals(server: uvicorn.Server, children: Sequence[Supervised]) -> None:
    """Let the first signal stop the server, and a second one, until the very end, everything at once."""

    def stop(_number: int, _frame: object) -> None:
        if server.should_exit:
            for child in children:
                child.kill()
            os._exit(_INTERRUPTED)
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


@contextmanager
def _listener(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    with listener:
        yield listener


def _is_loopback(listener: socket.socket) -> bool:
    return ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _command(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", module, *arguments]
