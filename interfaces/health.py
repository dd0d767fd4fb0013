"""What the health of the service is made of, and the signs of life that workers give."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Engine as Database

from application.health import messaging_probes, probes
from application.health.addresses import shown
from application.health.dependencies import own_dependencies
from application.health.health import Health
from application.health.processes import SIGN_EVERY_S, ProcessWatch, Role, process_name
from application.integration.channels import Servers
from application.jobs.backlog import backlog
from application.ports.health import Dependency
from application.ports.messaging import MessagingUnavailable
from application.service import Service
from infrastructure.database_service.asking import ask_database_service
from infrastructure.messaging.parts import Messaging
from infrastructure.messaging.round_trip import round_trip
from infrastructure.presence import SqlPresence
from infrastructure.system.clock import SystemClock
from infrastructure.system.periodic import Periodic
from interfaces.engine import Engine
from interfaces.neighbours import Address, Neighbours
from interfaces.program import program_version
from interfaces.settings import Settings
from interfaces.stores import artifact_place


@contextmanager
def watched_processes(operation: Database) -> Iterator[ProcessWatch]:
    """Yield what knows which processes live, from the signs that they give in the operation database."""
    watch = ProcessWatch(presence=SqlPresence(operation), clock=SystemClock())
    looking = Periodic(name="process-watch", interval_s=SIGN_EVERY_S, function=watch.look)
    looking.start()
    try:
        yield watch
    finally:
        looking.stop()


@contextmanager
def signs_of_life(operation: Database, role: Role) -> Iterator[str]:
    """Give signs that this process lives, for as long as the block lasts; yield its name."""
    name = process_name(role, host=socket.gethostname(), pid=os.getpid())
    presence = SqlPresence(operation)
    signing = Periodic(name="process-sign", interval_s=SIGN_EVERY_S, function=partial(presence.sign, name))
    signing.start()
    try:
        yield name
    finally:
        signing.stop()
        presence.forget(name)


def service_health(
    settings: Settings,
    service: Service,
    engine: Engine,
    neighbours: Neighbours,
    *,
    messaging: Messaging,
    nats: Address,
    processes: ProcessWatch,
    rivalry: Callable[[], str | None],
) -> Health:
    """Return what asks everything that the service works with how it fares."""
    database_url = settings.events_path.absolute().as_uri()
    if settings.database_url is not None:
        database_url = shown(settings.database_url.get_secret_value())

    place = artifact_place(settings)

    def nats_url() -> str:
        return ", ".join(nats_servers(nats).urls)

    return Health(
        [
            *own_dependencies(
                service,
                database_url=database_url,
                artifacts_url=place.root.as_uri() if place.url is None else place.url,
            ),
            Dependency(
                name=messaging_probes.NATS,
                url=nats_url,
                probe=messaging_probes.nats(messaging, round_trip=partial(round_trip, messaging)),
            ),
            Dependency(
                name=messaging_probes.RELAY,
                url=nats_url,
                probe=messaging_probes.relay(
                    neighbours.relay, leadership=engine.leadership, log=engine.ledger, clock=service.clock
                ),
            ),
            Dependency(
                name=messaging_probes.INBOX,
                url=nats_url,
                probe=messaging_probes.inbox(
                    neighbours.inbox, service.dead_letters, untrained=lambda: neighbours.reactions.untrained
                ),
            ),
            Dependency(
                name=messaging_probes.DATABASE_SERVICE,
                url=nats_url,
                probe=messaging_probes.database_service(
                    partial(ask_database_service, messaging),
                    mirror=lambda: neighbours.mirror.status,
                    leadership=engine.leadership,
                    log=engine.ledger,
                    clock=service.clock,
                    rivalry=rivalry,
                ),
            ),
            Dependency(
                name=probes.WORKERS,
                url=database_url,
                probe=probes.workers(
                    processes, backlog=partial(backlog, service.read_models, clock=service.clock)
                ),
            ),
            Dependency(name=probes.API_PROCESSES, url=database_url, probe=probes.api_processes(processes)),
        ],
        clock=service.clock,
        version=program_version(),
        subscriptions=lambda: messaging.status.subscriptions,
    )


def nats_servers(nats: Address) -> Servers:
    """Return where NATS is, without secrets; nothing while nobody knows."""
    try:
        address = nats()
    except MessagingUnavailable:
        return Servers()
    return Servers(urls=address.servers, proof=address.proof)
