"""The role `api`: processes that answer behind one port, while an engine works elsewhere."""

import asyncio
import socket
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from infrastructure.system.acceptor import Acceptor
from infrastructure.system.children import ChannelChild
from interfaces.api_place import Place
from interfaces.artifact_check import ANSWERS_ARE_FEW, warn_unless_kept
from interfaces.home import require_finished, require_log
from interfaces.listener import is_loopback, listening, url_of
from interfaces.neighbours import nats_of_service
from interfaces.processes import command, running, stop_on_signals
from interfaces.settings import Settings
from interfaces.stores import opened_artifacts, operation_database


def run_api(settings: Settings, *, workers: int) -> None:
    """Answer with so many processes until SIGINT or SIGTERM; at the second one end at once.

    Nothing is written that says where: the file in the data directory tells of the service that runs there.

    Raises:
        ArtifactsElsewhere: The database's artifacts are in another directory.
        DatabaseURLInvalid: The database's URL is none.
        HomeUnusable: Its log is in no such data directory, or a restore into that did not end.
        NatsAddressInvalid: What the settings say of NATS is no address.
        OSError: The address cannot be listened on.
    """
    # what would keep every process from starting is found here, and said once
    require_log(settings)
    require_finished(settings)
    nats_of_service(settings)
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with operation_database(settings) as operation:
        warn_unless_kept(opened_artifacts(settings, operation=operation), meanwhile=ANSWERS_ARE_FEW)
    with listening(settings) as listener, tempfile.TemporaryDirectory(prefix="ml-service-") as directory:
        asyncio.run(_serve(listener, workers=workers, directory=Path(directory)))


async def _serve(listener: socket.socket, *, workers: int, directory: Path) -> None:
    loop = asyncio.get_running_loop()
    url = url_of(listener)
    acceptor = Acceptor(listener, processes=workers)
    stopping = asyncio.Event()
    children = [
        ChannelChild(
            name=f"api {number}",
            arguments=partial(
                _arguments, number=number, count=workers, directory=directory, is_loopback=is_loopback(listener)
            ),
            on_channel=lambda channel: loop.call_soon_threadsafe(acceptor.add, channel),
        )
        for number in range(workers)
    ]
    stop_on_signals(lambda: loop.call_soon_threadsafe(stopping.set), children)
    with running(children):
        try:
            if await _first(acceptor.all_ready, stopping) is acceptor.all_ready:
                print(f"ready {url}", flush=True)
                await stopping.wait()
        finally:
            acceptor.close()  # before any process ends, so that nobody is left waiting to be accepted


def _arguments(channel: int, *, number: int, count: int, directory: Path, is_loopback: bool) -> Sequence[str]:
    place = Place(channel=channel, number=number, count=count, directory=directory, is_loopback=is_loopback)
    return command("interfaces.api_process", place.model_dump_json())


async def _first(*events: asyncio.Event) -> asyncio.Event:
    """Return the first of the events that happens."""
    waits = {asyncio.create_task(event.wait()): event for event in events}
    done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    return waits[done.pop()]
