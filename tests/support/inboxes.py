"""An inbox at work on a real server, and a neighbour that fills it."""

import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from nats.aio.client import Client

from application.integration.inbound import InboundEvent
from application.integration.incoming import aggregate_of
from application.integration.reactions import About, Reaction
from application.ports.dead_letters import DeadLetter
from infrastructure.messaging.address import NatsAddress
from infrastructure.messaging.dead_letters import NatsDeadLetters
from infrastructure.messaging.inbox import NatsInbox
from infrastructure.messaging.inbox_attempts import InboxAttempts
from infrastructure.messaging.inbox_consumer import InboxConsumer
from infrastructure.messaging.parts import Messaging
from infrastructure.messaging.streams import ACK_WAIT_S
from infrastructure.system.clock import SystemClock
from tests.support.operation import operation_database
from tests.support.processes import eventually

PING = "events.broker_service.ping"
INGESTED = "events.data.ingestion.completed"
UPDATED = "events.metadata.model.updated"
WITHIN_S = 20.0

T = TypeVar("T")


class Neighbour:
    """A connection of somebody else."""

    def __init__(self, address: NatsAddress) -> None:
        self._messaging = Messaging(address=lambda: address, name="neighbour", clock=SystemClock())
        self._messaging.start()
        assert eventually(lambda: self._messaging.status.is_connected)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._messaging.stop()

    def does(self, what: Callable[[Client], Awaitable[T]]) -> T:
        return self._messaging.call(what, timeout_s=10).result()

    def publish(self, subject: str, body: bytes, **headers: str) -> None:
        """Publish, and wait until a stream has it; `_` in a header's name means `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.does(lambda client: client.jetstream().publish(subject, body, headers=named or None))

    def tells(self, event_id: str, *, subject: str = UPDATED, about: str | None = None, **data: Any) -> None:
        """Publish a CloudEvent in binary mode; of a model's metadata where nothing else is said."""
        kind = subject.removeprefix("events.")
        attributes = {"id": event_id, "type": kind, "source": "/neighbour", "specversion": "1.0"}
        if about is not None:
            attributes["subject"] = about
        headers = {f"ce-{name}": value for name, value in attributes.items()}
        body = json.dumps(data or {"model_id": about or event_id}).encode()
        self.does(lambda client: client.jetstream().publish(subject, body, headers=headers))


class RunningInbox:
    """An inbox that reacts by calling a function.

    Args:
        address: Of the server.
        directory: For what it remembers of its attempts.
        react: Reacts to an event.
        about: Says what an event is about.
        ack_wait_s: After so long a message of one that died is handed out again.
    """

    def __init__(
        self,
        address: NatsAddress,
        directory: Path,
        react: Reaction,
        *,
        about: About = aggregate_of,
        ack_wait_s: float = ACK_WAIT_S,
    ) -> None:
        self._resources = ExitStack()
        operation = self._resources.enter_context(operation_database(directory / "operation.db"))
        self.attempts = InboxAttempts(operation)
        self.consumer = InboxConsumer(
            react=react, about=about, attempts=self.attempts, clock=SystemClock(), ack_wait_s=ack_wait_s
        )
        self.messaging = Messaging(
            address=lambda: address, name="inbox", parts=[self.consumer], clock=SystemClock()
        )
        self.inbox = NatsInbox(messaging=self.messaging)
        self.dead_letters = NatsDeadLetters(messaging=self.messaging, react=react, clock=SystemClock())

    def __enter__(self) -> Self:
        self.messaging.start()
        self._resources.callback(self.messaging.stop)
        assert eventually(lambda: self.consumer.status.is_running), self.messaging.status
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    def letters(self) -> Sequence[DeadLetter]:
        return self.dead_letters.page(after=0, limit=1_000)

    def has_letters(self, *codes: str) -> bool:
        """Wait until there are dead letters with these codes, in this order, and no others."""
        return eventually(lambda: [each.code for each in self.letters()] == list(codes), within_s=WITHIN_S)

    def has_event(self, event_id: str) -> bool:
        """Wait until there is a dead letter of this event."""
        return eventually(lambda: event_id in [each.event_id for each in self.letters()], within_s=WITHIN_S)

    def is_idle(self, *, handled: int) -> bool:
        """Wait until so many were handled, and nothing is left."""
        return eventually(
            lambda: self.consumer.status.handled == handled and self.consumer.status.in_hand == 0,
            within_s=WITHIN_S,
        )


class Journal:
    """Reacts to events by writing them down, in the order in which they come.

    Attributes:
        before: Called with each event before it is written down; may wait or raise.
    """

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.events: list[InboundEvent] = []
        self.before: Callable[[InboundEvent], None] = lambda _: None

    def react(self, event: InboundEvent) -> bool:
        self.before(event)
        is_known = event.id in self.ids
        self.ids.append(event.id)
        self.events.append(event)
        return is_known
