"""Puts together what holds the Database Service against the read models: with the service running, or without."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial

from nats.aio.client import Client
from nats.errors import Error as NatsError

from application.health.addresses import shown
from application.ledger import Ledger
from application.ports.follower_positions import FollowerPositions
from application.ports.messaging import MessagingUnavailable
from application.ports.progress import ReadModelProgress
from application.ports.read_models import ReadModels
from infrastructure.database_service.client import DatabaseClient, DatabaseServiceUnavailable
from infrastructure.database_service.mirror import Mirror
from infrastructure.database_service.past import Past
from infrastructure.database_service.sending import Sent
from infrastructure.database_service.verification import Verification
from infrastructure.messaging.parts import Part
from infrastructure.messaging.positions import SqlFollowerPositions
from infrastructure.messaging.relay_notes import RelayMemory
from infrastructure.read_models.opening import open_current
from infrastructure.read_models.runner import ReadModelRunner
from infrastructure.system.clock import SystemClock
from interfaces.cli.mirror import VerifiedMirror
from interfaces.cli.progress_bars import OnStep
from interfaces.cli.verdicts import OutOfReach
from interfaces.database import database_server
from interfaces.home import with_nats_of_running
from interfaces.maintenance import stored_log, told_as_endings
from interfaces.mirror_connection import connected, is_running, usable_address
from interfaces.neighbours import not_ours, own_nats
from interfaces.settings import Settings
from interfaces.stores import (
    PROJECTIONS,
    event_environment,
    leadership,
    operation_database,
    read_model_generations,
    read_model_source,
)

_START_S = 10.0
_ANSWER_S = 5.0
_PATIENCE_S = 10.0
"""So long nothing may move before what has not arrived counts as missing."""
_REPAIR_S = 60.0
_LOOK_EVERY_S = 0.2
_WHOLE_S = 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class _Registry:
    """What is mirrored."""

    ledger: Ledger
    read_models: ReadModels
    progress: ReadModelProgress
    positions: FollowerPositions


def verify_mirror(settings: Settings, *, repairs: bool, on_step: OnStep) -> VerifiedMirror:
    """Compare both sides at the log's head, and repair what differs.

    NATS is where the service that runs has it; where none runs, where the settings say.

    Raises:
        OutOfReach: There is no log, no NATS, or no Database Service that answers; or what is there might be
            another log's, so that nothing may be repaired.
        Misused: What the settings say is no address of NATS, or of a database.
    """
    with told_as_endings(), ExitStack() as resources:
        with stored_log(settings).snapshot():
            pass  # there is a log: the ledger would not ask, but make one
        runs = is_running(settings, resources)
        if runs:
            settings = with_nats_of_running(settings)
        address = usable_address(settings)
        registry = resources.enter_context(_registry(settings))
        if repairs and (reason := _halted(registry)) is not None:
            message = f"nothing may be repaired now: {reason}"
            raise OutOfReach(message)
        parts = [] if runs else list(_started(settings, registry, resources))
        messaging = resources.enter_context(connected(address, parts=parts))
        verifying = messaging.call(
            lambda client: _verified(client, registry, repairs=repairs, on_step=on_step), timeout_s=_WHOLE_S
        )
        where = _where(settings, runs=runs, server=messaging.status.server_url)
        return replace(_outcome(verifying), where=where)


def _halted(registry: _Registry) -> str | None:
    return not_ours(RelayMemory(registry.positions).recall().halt)


def _where(settings: Settings, *, runs: bool, server: str | None) -> str:
    """Return which NATS and Database Service it is, in words and without secrets."""
    if runs:
        return f"the Database Service on {server}, where the service runs"
    nats = "on its own NATS server" if settings.nats_url is None else f"on {server}"
    if settings.database_service == "outside":
        return f"the outside Database Service {nats}"
    url = settings.database_service_url
    rows = settings.database_service_path if url is None else shown(url.get_secret_value())
    return f"the Database Service of {rows} {nats}"


def _outcome(verifying: "Future[VerifiedMirror]") -> VerifiedMirror:
    try:
        return verifying.result()
    except (DatabaseServiceUnavailable, MessagingUnavailable, NatsError) as error:
        raise OutOfReach(str(error)) from error


async def _verified(client: Client, registry: _Registry, *, repairs: bool, on_step: OnStep) -> VerifiedMirror:
    head = await asyncio.to_thread(registry.ledger.head)
    while not await registry.progress.wait_until(head, _LOOK_EVERY_S):
        pass
    past = Past(log=registry.ledger, positions=registry.positions)
    await _arrived(DatabaseClient(client), registry.positions, past, head=head, on_step=on_step)
    verification = Verification(
        client, log=registry.ledger, read_models=registry.read_models, progress=registry.progress, at=head
    )
    rows: dict[str, int] = {}

    def on_row(collection: str, count: int) -> None:
        rows[collection] = count
        on_step(collection, count, None)

    found = [each async for each in verification.differences(on_row=on_row)]
    left = await verification.repair(found, within_s=_REPAIR_S) if repairs and found else found
    if not left:
        await asyncio.to_thread(past.settle)
    return VerifiedMirror(
        position=head,
        rows=sum(rows.values()),
        findings=[str(each) for each in found],
        unrepaired=len(left) if repairs else None,
        where="",
    )


async def _arrived(
    service: DatabaseClient, positions: FollowerPositions, past: Past, *, head: int, on_step: OnStep
) -> None:
    """Wait until what there is to send has arrived, or nothing moves any more.

    Raises:
        DatabaseServiceUnavailable: It does not answer.
    """
    await _answering(service)
    before: object = None
    patience = time.monotonic() + _PATIENCE_S
    while time.monotonic() < patience:
        arrived = await service.positions()
        sent = await asyncio.to_thread(Sent.noted, positions)
        if sent is not None and await asyncio.to_thread(sent.holds, past):
            on_step("sent", sent.position, head)
            if sent.position >= head and not sent.missing(arrived):
                return
        if (sent, arrived) != before:
            before, patience = (sent, arrived), time.monotonic() + _PATIENCE_S
        await asyncio.sleep(_LOOK_EVERY_S)


async def _answering(service: DatabaseClient) -> None:
    """Wait until the Database Service answers, which it may have been started for just now.

    Raises:
        DatabaseServiceUnavailable: It does not.
    """
    end = time.monotonic() + _ANSWER_S
    while True:
        try:
            await service.positions()
        except DatabaseServiceUnavailable:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(_LOOK_EVERY_S)
        else:
            return


@contextmanager
def _registry(settings: Settings) -> Iterator[_Registry]:
    with ExitStack() as resources:
        ledger = resources.enter_context(Ledger(event_environment(settings)))
        read_models = open_current(
            generations=read_model_generations(settings),
            source=read_model_source(settings, ledger),
            on_progress=lambda _: None,
        )
        resources.callback(read_models.close)
        lease = resources.enter_context(leadership(settings))
        runner = ReadModelRunner(
            log=ledger, read_models=read_models, projections=PROJECTIONS, clock=SystemClock(), leadership=lease
        )
        runner.start()
        resources.callback(runner.stop)
        positions = SqlFollowerPositions(resources.enter_context(operation_database(settings)))
        yield _Registry(ledger=ledger, read_models=read_models, progress=runner, positions=positions)


def _started(settings: Settings, registry: _Registry, resources: ExitStack) -> Iterator[Part]:
    """Yield what the service runs on NATS for the Database Service; start NATS where it is the service's own.

    Raises:
        OutOfReach: It cannot be started.
    """
    nats = resources.enter_context(own_nats(settings))
    if nats is not None and not nats.wait_ready(_START_S):
        message = f"the NATS server of {settings.home} cannot be started: {nats.error}"
        raise OutOfReach(message)
    yield Mirror(
        log=registry.ledger,
        read_models=registry.read_models,
        progress=registry.progress,
        projections=PROJECTIONS,
        positions=registry.positions,
        clock=SystemClock(),
        replicas=settings.nats_replicas,
        halted=partial(_halted, registry),
    )
    if settings.database_service == "own":
        yield resources.enter_context(database_server(settings))
