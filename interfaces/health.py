"""What the health of the service is made of, and the signs of life that workers give."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Engine as Database

from application.health import messaging_probes, probes
from application.health.addresses import shown
from application.health.dependencies import own_dependencies
from application.health.health import Health
from application.health.workers import SIGN_EVERY_S, WorkerWatch
from application.integration.channels import Servers
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


@contextmanager
def watched_workers(operation: Database) -> Iterator[WorkerWatch]:
    """Yield what knows which workers live, from the signs that they give in the operation database."""
    watch = WorkerWatch(presence=SqlPresence(operation), clock=SystemClock())
    looking = Periodic(name="worker-watch", interval_s=SIGN_EVERY_S, function=watch.look)
    looking.start()
    try:
        yield watch
    finally:
        looking.stop()


@contextmanager
def signs_of_life(operation: Database, worker: str) -> Iterator[None]:
    """Give signs that the worker of this name lives, for as long as the block lasts."""
    presence = SqlPresence(operation)
    signing = Periodic(name="worker-sign", interval_s=SIGN_EVERY_S, function=partial(presence.sign, worker))
    signing.start()
    try:
        yield
    finally:
        signing.stop()
        presence.forget(worker)


def service_health(
    settings: Settings,
    service: Service,
    engine: Engine,
    neighbours: Neighbours,
    *,
    messaging: Messaging,
    nats: Address,
    workers: WorkerWatch,
    rivalry: Callable[[], str | None],
) -> Health:
    """Return what asks everything that the service works with how it fares."""
    database_url = settings.events_path.absolute().as_uri()
    if settings.database_url is not None:
        database_url = shown(settings.database_url.get_secret_value())

    def nats_url() -> str:
        return ", ".join(nats_servers(nats).urls)

    return Health(
        [
            *own_dependencies(
                service,
                database_url=database_url,
                artifacts_url=settings.artifacts_path.absolute().as_uri(),
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
            Dependency(name=probes.WORKERS, url=database_url, probe=probes.workers(workers)),
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
