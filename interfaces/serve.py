"""Everything in one command: the API and the engine here, all else in processes of their own."""

import asyncio
from contextlib import ExitStack
from functools import partial

from application.ports.messaging import MessagingUnavailable
from application.service import Service
from infrastructure.system.children import Child
from interfaces.bootstrap import http_application, running_service
from interfaces.database import require_database_service_url
from interfaces.home import announced, locked_home, require_finished
from interfaces.http.stopping import Stopping
from interfaces.listener import is_loopback, listening, url_of
from interfaces.neighbours import Address, nats_address, own_nats
from interfaces.processes import command, running, stop_on_signals
from interfaces.server import Server
from interfaces.settings import Settings

_NATS_S = 3.0
"""So long the service waits for its own NATS server before it says that it is ready, which it is without, too."""
_CATCH_UP_S = 1.0


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
        listener = resources.enter_context(listening(settings))
        own = resources.enter_context(own_nats(settings))
        service = resources.enter_context(running_service(settings, nats=nats))
        roles = ["worker"] if settings.worker_jobs else []
        roles += ["database"] if settings.database_service == "own" else []
        children = [Child(name=role, arguments=command("interfaces.main", role, "--lifeline")) for role in roles]
        url = url_of(listener)

        async def when_started() -> None:
            # not before: while they import their libraries, this process would have half a core to start with
            resources.enter_context(running(children))
            await _caught_up(service.service)
            if own is not None:
                await asyncio.to_thread(own.wait_ready, _NATS_S)
            resources.enter_context(announced(settings, url, nats_url=partial(_known, nats)))
            print(f"ready {url}", flush=True)
            if with_demo:
                demo = Child(name="demo", arguments=command("interfaces.cli.demo", url), restarts=False)
                demo.start()
                resources.callback(demo.stop, 0.0)

        stopping = Stopping()
        app = http_application(settings, service, nats=nats, stopping=stopping, is_loopback=is_loopback(listener))
        server = Server(app, settings, when_started=when_started, when_stopping=stopping.begin)
        stop_on_signals(server.stop, [*children, *([own] if own is not None else [])])
        server.run(sockets=[listener])


def _known(nats: Address) -> str | None:
    try:
        return nats().url
    except MessagingUnavailable:
        return None


async def _caught_up(service: Service) -> None:
    """Wait for the read models, however long they have to catch up: before that, readers would see the past."""
    head = await asyncio.to_thread(service.ledger.head)
    while not await service.progress.wait_until(head, _CATCH_UP_S):
        pass
