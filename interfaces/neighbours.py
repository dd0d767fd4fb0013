"""What the service has to do with others: where NATS is, and what the engine tells and hears there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from application.integration.ingestion import Ingestion
from application.integration.reactions import Reactions
from application.ports.artifacts import ArtifactStore
from application.ports.relay import Halt, HaltReason
from infrastructure.database_service.mirror import Mirror
from infrastructure.messaging.address import NatsAddress
from infrastructure.messaging.embedded import EmbeddedNats, address_in
from infrastructure.messaging.inbox_attempts import InboxAttempts
from infrastructure.messaging.inbox_consumer import InboxConsumer
from infrastructure.messaging.pace import Pace
from infrastructure.messaging.parts import Part
from infrastructure.messaging.positions import SqlFollowerPositions
from infrastructure.messaging.relay import Relay
from infrastructure.system.clock import SystemClock
from infrastructure.system.identity import RandomIdentity
from interfaces.engine import Engine
from interfaces.home import with_nats_of_running
from interfaces.settings import Settings
from interfaces.stores import PROJECTIONS, dataset_files

Address = Callable[[], NatsAddress]
"""Returns where NATS is; raises `MessagingUnavailable` while nobody knows."""

_NOT_OURS = (HaltReason.STREAM_OF_ANOTHER_LOG, HaltReason.STREAM_AHEAD_OF_LOG)


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """What one engine at a time does for all processes of the service.

    Attributes:
        relay: Tells neighbours what happened.
        inbox: Reacts to what they say.
        mirror: Keeps what readers see in the Database Service, too.
        reactions: What follows from what neighbours say.
    """

    relay: Relay
    inbox: InboxConsumer
    mirror: Mirror
    reactions: Reactions

    @property
    def parts(self) -> tuple[Part, ...]:
        """What works on the connection of the engine that leads."""
        return (self.relay, self.inbox, self.mirror)


def nats_address(settings: Settings) -> Address:
    """Return what tells where NATS is: as the settings say, or where the data directory's service has its own.

    Raises:
        NatsAddressInvalid: What the settings say is no address.
    """
    if settings.nats_url is None:
        return partial(address_in, settings.nats_home)
    address = NatsAddress(
        url=settings.nats_url.get_secret_value(),
        credentials=settings.nats_credentials,
        tls_ca=settings.nats_tls_ca,
        tls_certificate=settings.nats_tls_certificate,
        tls_key=settings.nats_tls_key,
        replicas=settings.nats_replicas,
    )
    return lambda: address


def nats_of_service(settings: Settings) -> Address:
    """Return what tells where NATS is for a process that joins a service: as the settings say, or where the one
    that runs on the data directory says that it has it.

    Raises:
        NatsAddressInvalid: What the settings say is no address.
    """
    if settings.nats_url is not None:
        return nats_address(settings)

    def address() -> NatsAddress:
        return nats_address(with_nats_of_running(settings))()

    return address


def not_ours(halt: Halt | None) -> str | None:
    """Return why others' rows could be met behind this NATS, as the relay found; None where it did not."""
    return halt.message if halt is not None and halt.reason in _NOT_OURS else None


@contextmanager
def own_nats(settings: Settings) -> Iterator[EmbeddedNats | None]:
    """Yield a server of the service's own, which is being started; None where the settings name another."""
    if settings.nats_url is not None:
        yield None
        return
    with EmbeddedNats(settings.nats_home) as nats:
        yield nats


def neighbours(
    settings: Settings,
    engine: Engine,
    *,
    artifacts: ArtifactStore,
    refresh_model: Callable[[str], None] = lambda _: None,
    is_busy: Callable[[], bool] = lambda: False,
) -> Neighbours:
    """Return what an engine does for others and hears from them.

    Args:
        settings: Where everything is.
        engine: Which.
        artifacts: The datasets of its database.
        refresh_model: Has what this process keeps of a model, given its id or name, looked up anew.
        is_busy: Whether somebody waits for an answer of this process.
    """
    positions, attempts = SqlFollowerPositions(engine.operation), InboxAttempts(engine.operation)
    clock, replicas = SystemClock(), settings.nats_replicas
    ingestion = Ingestion(
        ledger=engine.ledger,
        read_models=engine.read_models,
        wait_for=engine.runner.wait_for,
        files=dataset_files(settings),
        artifacts=artifacts,
        clock=clock,
        identity=RandomIdentity(),
    )
    reactions = Reactions(ingestion=ingestion, refresh_model=refresh_model)
    pace = Pace(is_busy)
    relay = Relay(log=engine.ledger, positions=positions, replicas=replicas, pace=pace)
    return Neighbours(
        relay=relay,
        inbox=InboxConsumer(
            react=reactions.react, about=reactions.about, attempts=attempts, clock=clock, replicas=replicas
        ),
        mirror=Mirror(
            log=engine.ledger,
            read_models=engine.read_models,
            progress=engine.runner,
            projections=PROJECTIONS,
            positions=positions,
            clock=clock,
            replicas=replicas,
            halted=partial(_mirror_halted, relay),
            pace=pace,
        ),
        reactions=reactions,
    )


def _mirror_halted(relay: Relay) -> str | None:
    status = relay.status
    if status.halted is None and status.position is None:
        return "it is not known yet whether this NATS tells of this log"
    return not_ours(status.halted)
