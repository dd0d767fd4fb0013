"""A relay at work, a log to publish, and what is in the stream in the end."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from application.integration.contracts import STREAM
from application.integration.translation import TRANSLATIONS, Private
from application.ledger import Ledger
from application.ports.event_log import EventLog
from application.ports.follower_positions import FollowerPositions
from application.ports.relay import Choice, HaltReason
from domain.kernel import DomainEvent, UnknownEvent
from infrastructure.messaging.address import NatsAddress
from infrastructure.messaging.connection import connect
from infrastructure.messaging.pace import Pace
from infrastructure.messaging.parts import Messaging
from infrastructure.messaging.relay import Relay
from infrastructure.messaging.relay_control import RelayControl
from infrastructure.system.clock import SystemClock
from tests.support.events import model_name_reserved, model_registered
from tests.support.fakes.follower_positions import InMemoryFollowerPositions
from tests.support.nats import NatsServer
from tests.support.processes import eventually

_PAGE = 500


@dataclass(frozen=True)
class Stored:
    """A message of the stream."""

    sequence: int
    subject: str
    headers: Mapping[str, str]
    data: bytes

    @property
    def position(self) -> int:
        """Of the event that it tells of."""
        return int(self.headers["ce-sequence"])


def register_models(ledger: Ledger, count: int) -> int:
    """Commit so many public events, each with a private one beside it; return the position of the last one."""
    events: list[DomainEvent] = []
    for _ in range(count):
        model_id = uuid4()
        events.append(model_registered(originator_id=model_id, event_id=uuid4(), name=model_id.hex))
        events.append(model_name_reserved(originator_id=uuid4(), event_id=uuid4(), holder_id=model_id))
    return ledger.commit(events)


def public_positions(log: EventLog) -> list[int]:
    """Return the positions of all events that others are to be told of."""
    found: list[int] = []
    after = 0
    while page := log.read(after=after, limit=_PAGE):
        found += [each.position for each in page if _is_public(each.event)]
        after = page[-1].position
    return found


def _is_public(event: object) -> bool:
    return not isinstance(event, UnknownEvent) and not isinstance(TRANSLATIONS[type(event)], Private)  # type: ignore[index]


def stored_messages(address: NatsAddress, stream: str = STREAM) -> list[Stored]:
    """Return all messages of the stream; none where there is no stream."""
    return asyncio.run(_stored(address, stream))


def message_count(address: NatsAddress, stream: str = STREAM) -> int:
    """Return how many messages the stream has; 0 where there is no stream."""
    return asyncio.run(_counted(address, stream))


async def _counted(address: NatsAddress, stream: str) -> int:
    client = await connect(address, name="tests")
    try:
        return (await client.jetstream().stream_info(stream)).state.messages
    except NotFoundError:
        return 0
    finally:
        await client.close()


async def _stored(address: NatsAddress, stream: str) -> list[Stored]:
    client = await connect(address, name="tests")
    try:
        js = client.jetstream()
        if stream not in {each.config.name for each in await js.streams_info()}:
            return []
        count = (await js.stream_info(stream)).state.messages
        config = ConsumerConfig(ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.ALL)
        everything = await js.pull_subscribe(">", stream=stream, config=config)
        found: list[Stored] = []
        while len(found) < count:
            page = await everything.fetch(min(_PAGE, count - len(found)), timeout=10)
            found += [
                Stored(each.metadata.sequence.stream, each.subject, each.headers or {}, each.data) for each in page
            ]
        await everything.unsubscribe()
        return found
    finally:
        await client.close()


def positions_of(messages: Iterable[Stored]) -> list[int]:
    """Return the positions of the events that the messages tell of, in the stream's order."""
    return [each.position for each in messages]


@contextmanager
def relaying(
    address: NatsAddress, log: EventLog, positions: FollowerPositions | None = None, *, is_busy: bool = False
) -> Iterator[Relay]:
    """Yield a relay that works on a connection of its own as long as the block lasts."""
    pace = Pace(lambda: is_busy)
    relay = Relay(log=log, positions=positions or InMemoryFollowerPositions(), pace=pace)
    messaging = Messaging(address=lambda: address, name="tests", leading=[relay], clock=SystemClock())
    messaging.start()
    try:
        yield relay
    finally:
        messaging.stop()


def is_done(relay: Relay) -> bool:
    """Tell whether the relay has published all that there is."""
    status = relay.status
    return status.is_running and status.lag == 0


def catch_up(relay: Relay, *, within_s: float = 60.0) -> None:
    """Wait until the relay has published all that there is."""
    assert eventually(lambda: is_done(relay), within_s=within_s), relay.status


def on_jetstream(server: NatsServer, work: Callable[[JetStreamContext], Awaitable[object]]) -> None:
    """Do the work on a connection of its own."""

    async def connected() -> None:
        client = await connect(server.address, name="tests")
        try:
            await work(client.jetstream())
        finally:
            await client.close()

    asyncio.run(connected())


def halted(relay: Relay, reason: HaltReason) -> bool:
    """Tell whether the relay comes to wait for somebody, for this reason."""
    return eventually(lambda: (halt := relay.status.halted) is not None and halt.reason is reason)


def choose(ledger: Ledger, positions: FollowerPositions, choice: Choice) -> None:
    """Choose how the relay goes on."""
    RelayControl(log=ledger, positions=positions).choose(choice)
