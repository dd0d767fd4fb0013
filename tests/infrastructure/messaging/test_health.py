"""What the health tells of NATS and of those who work on it, whatever becomes of the server."""

import asyncio
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from nats.aio.client import Client

from application.health.health import Health
from application.health.messaging_probes import (
    DATABASE_SERVICE,
    INBOX,
    NATS,
    RELAY,
    database_service,
    inbox,
    nats,
    relay,
)
from application.health.views import DependencyStatus, ServiceHealth
from application.integration.inbound import InboundEvent
from application.integration.incoming import CALLBACK_SUBJECT, aggregate_of
from application.ledger import Ledger
from application.ports.health import Dependency, HealthStatus
from application.ports.metadata_store import MirrorStatus
from domain.errors import InvalidInput
from infrastructure.database_service.asking import ask_database_service
from infrastructure.event_store.settings import sqlite_environment
from infrastructure.messaging.connection import connect
from infrastructure.messaging.dead_letters import NatsDeadLetters
from infrastructure.messaging.inbox_attempts import InboxAttempts
from infrastructure.messaging.inbox_consumer import InboxConsumer
from infrastructure.messaging.parts import Messaging
from infrastructure.messaging.relay import Relay
from infrastructure.messaging.round_trip import round_trip
from infrastructure.system.clock import SystemClock
from interfaces.http.measures import MEASURES
from tests.support.fakes.event_log import InMemoryEventLog
from tests.support.fakes.follower_positions import InMemoryFollowerPositions
from tests.support.fakes.leadership import InMemoryLeadership, InMemoryLease
from tests.support.nats import NatsServer
from tests.support.operation import operation_database
from tests.support.processes import eventually
from tests.support.relaying import catch_up, register_models


class Listener:
    """A part with three subscriptions."""

    name = "listener"

    async def run(self, client: Client) -> None:
        for subject in ("one", "two", "three"):
            await client.subscribe(subject)
        await asyncio.Event().wait()


class Neighbourhood:
    """A log, a relay of it, and the health of both and of NATS."""

    def __init__(self, server: NatsServer, ledger: Ledger) -> None:
        self.server = server
        self.ledger = ledger
        self.lease = InMemoryLease()
        leadership = InMemoryLeadership(self.lease)
        self.relay = Relay(log=ledger, positions=InMemoryFollowerPositions())
        self.messaging = Messaging(
            address=lambda: server.address,
            name="health",
            parts=(Listener(),),
            leading=(self.relay,),
            leadership=leadership,
            clock=SystemClock(),
        )
        self.messaging.start()
        mirror = MirrorStatus(is_reachable=True, lag=0)
        self.health = Health(
            [
                Dependency(
                    name=NATS,
                    url="nats://localhost",
                    probe=nats(self.messaging, round_trip=partial(round_trip, self.messaging)),
                ),
                Dependency(
                    name=RELAY,
                    url="nats://localhost",
                    probe=relay(self.relay, leadership=leadership, log=ledger, clock=SystemClock()),
                ),
                Dependency(
                    name=DATABASE_SERVICE,
                    url="nats://localhost",
                    probe=database_service(
                        partial(ask_database_service, self.messaging),
                        mirror=lambda: mirror,
                        leadership=leadership,
                        log=ledger,
                        clock=SystemClock(),
                        rivalry=lambda: None,
                    ),
                ),
            ],
            clock=SystemClock(),
            version="1",
            subscriptions=lambda: self.messaging.status.subscriptions,
            kept_s=0.0,
        )

    def check(self) -> ServiceHealth:
        return asyncio.run(self.health.check())

    def found(self, name: str) -> DependencyStatus:
        return next(each for each in self.check().dependencies if each.service_name == name)

    def becomes(self, name: str, status: HealthStatus) -> bool:
        return eventually(lambda: self.found(name).status is status)


@pytest.fixture
def a_neighbourhood(nats_server: NatsServer, tmp_path: Path) -> Iterator[Neighbourhood]:
    with Ledger(sqlite_environment(tmp_path / "events.db")) as ledger:
        register_models(ledger, 5)
        neighbourhood = Neighbourhood(nats_server, ledger)
        catch_up(neighbourhood.relay)
        yield neighbourhood
        neighbourhood.messaging.stop()


def test_subscriptions_are_those_that_the_client_has(a_neighbourhood: Neighbourhood) -> None:
    found = a_neighbourhood.check()
    assert found.active_subscriptions >= 3
    assert found.active_subscriptions == a_neighbourhood.messaging.status.subscriptions
    assert a_neighbourhood.found(NATS).status is HealthStatus.HEALTHY


def test_no_part_of_the_health_shows_the_token(a_neighbourhood: Neighbourhood) -> None:
    token = a_neighbourhood.server.url.removeprefix("nats://").partition("@")[0]
    assert len(token) > 10
    assert token not in a_neighbourhood.check().model_dump_json()
    a_neighbourhood.server.kill()
    assert a_neighbourhood.becomes(NATS, HealthStatus.UNHEALTHY)
    assert token not in a_neighbourhood.check().model_dump_json()


def test_a_server_that_was_killed_is_told_and_so_is_its_return(a_neighbourhood: Neighbourhood) -> None:
    a_neighbourhood.server.kill()
    assert a_neighbourhood.becomes(NATS, HealthStatus.UNHEALTHY)
    found = a_neighbourhood.check()
    assert (found.status, found.active_subscriptions) == (HealthStatus.DEGRADED, 0)
    a_neighbourhood.server.start()
    assert a_neighbourhood.becomes(NATS, HealthStatus.HEALTHY)
    assert eventually(lambda: a_neighbourhood.check().active_subscriptions >= 3)


def test_a_server_that_stands_still_is_told_at_once_and_piles_up_nothing(a_neighbourhood: Neighbourhood) -> None:
    a_neighbourhood.server.pause()
    for _ in range(5):
        assert a_neighbourhood.found(NATS).status is HealthStatus.UNHEALTHY
    probes = [each.name for each in threading.enumerate() if each.name.startswith("probe-")]
    assert len(probes) == len(set(probes))
    a_neighbourhood.server.resume()
    assert a_neighbourhood.becomes(NATS, HealthStatus.HEALTHY)


def test_the_relay_tells_how_far_it_is(a_neighbourhood: Neighbourhood) -> None:
    found = a_neighbourhood.found(RELAY)
    assert (found.status, found.details["lag"], found.details["published"]) == (HealthStatus.HEALTHY, 0, 5)
    assert found.details["position"] == a_neighbourhood.ledger.head()


def test_a_process_that_does_not_lead_knows_nothing_of_the_relay(a_neighbourhood: Neighbourhood) -> None:
    a_neighbourhood.lease.holder = object()
    found = a_neighbourhood.found(RELAY)
    assert (found.status, "lag" in found.details) == (HealthStatus.HEALTHY, False)


def test_a_stream_of_others_over_our_subjects_is_told(nats_server: NatsServer, tmp_path: Path) -> None:
    async def take_subjects() -> None:
        client = await connect(nats_server.address, name="tests")
        await client.jetstream().add_stream(name="THEIRS", subjects=["events.>"])
        await client.close()

    asyncio.run(take_subjects())
    with Ledger(sqlite_environment(tmp_path / "events.db")) as ledger:
        neighbourhood = Neighbourhood(nats_server, ledger)
        assert neighbourhood.becomes(NATS, HealthStatus.DEGRADED)
        assert "THEIRS" in (neighbourhood.found(NATS).error or "")
        neighbourhood.messaging.stop()


def measured(name: str) -> set[str]:
    """Return the facts of a dependency that operators' instruments show."""
    return {each.fact for each in MEASURES if each.dependency == name}


def test_what_instruments_show_is_what_is_seen(a_neighbourhood: Neighbourhood) -> None:
    for name in (NATS, RELAY):
        assert measured(name) <= a_neighbourhood.found(name).details.keys()


@pytest.mark.parametrize(
    ("status", "health"),
    [
        (MirrorStatus(is_reachable=True, lag=0), HealthStatus.HEALTHY),
        (MirrorStatus(is_reachable=True, error="it has rows that we never had"), HealthStatus.DEGRADED),
    ],
)
def test_a_mirror_that_is_wrong_is_told(status: MirrorStatus, health: HealthStatus) -> None:
    probe = database_service(
        lambda: None,
        mirror=lambda: status,
        leadership=InMemoryLeadership(InMemoryLease()),
        log=InMemoryEventLog(),
        clock=SystemClock(),
        rivalry=lambda: None,
    )
    found = probe()
    assert found.status is health
    assert measured(DATABASE_SERVICE) <= found.facts.keys()


@pytest.mark.parametrize("error", [None, "it has rows that we never had"])
def test_several_database_services_are_told_beside_what_else_is_wrong(error: str | None) -> None:
    probe = database_service(
        lambda: None,
        mirror=lambda: MirrorStatus(is_reachable=True, error=error),
        leadership=InMemoryLeadership(InMemoryLease()),
        log=InMemoryEventLog(),
        clock=SystemClock(),
        rivalry=lambda: "there are two",
    )
    found = probe()
    assert (found.status, found.problem) == (
        HealthStatus.DEGRADED,
        "; ".join(["there are two", *([error] if error else [])]),
    )


def refused(_event: InboundEvent) -> bool:
    raise InvalidInput.of("payload", "is not what is expected", None)


@pytest.fixture
def no_attempts(tmp_path: Path) -> Iterator[InboxAttempts]:
    with operation_database(tmp_path / "operation.db") as operation:
        yield InboxAttempts(operation)


def test_messages_that_could_not_be_handled_are_told(nats_server: NatsServer, no_attempts: InboxAttempts) -> None:
    clock = SystemClock()
    consumer = InboxConsumer(react=refused, about=aggregate_of, attempts=no_attempts, clock=clock)
    messaging = Messaging(address=lambda: nats_server.address, name="inbox", parts=(consumer,), clock=clock)
    letters = NatsDeadLetters(messaging=messaging, react=refused, clock=clock)
    health = Health(
        [Dependency(name=INBOX, url="", probe=inbox(consumer, letters, untrained=lambda: 0))],
        clock=clock,
        version="1",
        kept_s=0.0,
    )

    async def send(client: Client) -> None:
        await client.jetstream().publish(CALLBACK_SUBJECT, b'{"event_type": "broker_service.ping", "payload": {}}')

    def found() -> DependencyStatus:
        return asyncio.run(health.check()).dependencies[0]

    messaging.start()
    assert eventually(lambda: consumer.status.is_running)
    assert found().status is HealthStatus.HEALTHY
    messaging.call(send, timeout_s=10).result()
    assert eventually(lambda: found().status is HealthStatus.DEGRADED)
    told = found()
    assert (told.details["dead_letters"], told.details["set_aside"], told.details["handled"]) == (1, 1, 0)
    assert measured(INBOX) <= told.details.keys()
    messaging.stop()


def test_a_database_service_that_is_not_there_is_told(a_neighbourhood: Neighbourhood) -> None:
    found = a_neighbourhood.found(DATABASE_SERVICE)
    assert found.status is HealthStatus.UNHEALTHY
    assert found.error
