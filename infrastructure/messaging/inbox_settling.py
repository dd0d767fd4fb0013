"""What becomes of each message of the inbox: passed over, handled, or set aside among the dead letters."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from nats.errors import Error as NatsError
from nats.js.errors import NoStreamResponseError
from sqlalchemy.exc import SQLAlchemyError

from application.integration.contracts import SOURCE
from application.integration.inbound import InboundEvent
from application.integration.incoming import DELIVERIES_MAX, INCOMING, aggregate_of
from application.integration.reactions import About, Reaction
from application.ports.clock import Clock
from application.ports.dead_letters import DeadLetter, LetterStatus
from infrastructure.messaging.dead_letter_messages import lane_of
from infrastructure.messaging.dead_letter_stream import DeadLetterStream, MovedOn
from infrastructure.messaging.inbound_messages import InboundMessage, UnreadableMessage, read
from infrastructure.messaging.inbox_attempts import InboxAttempts, Place
from infrastructure.messaging.inbox_reacting import BACKOFF_S, OUTAGES, Reacting, Refused
from infrastructure.messaging.inbox_sources import SourcePatience
from infrastructure.messaging.lanes import Turns

AT_ONCE = 8
"""So many messages are handled at the same time."""

DEATHS_MAX = 3
"""After so many processes died of a message it is tried no more."""

WAITS = "dead-letter.waits"

_log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.05
_FORGIVE_WITHIN_S = 0.3


def event_of(message: InboundMessage) -> InboundEvent | Refused:
    """Return the event that a message carries, or why none can be read."""
    try:
        return read(message.headers, message.body)
    except UnreadableMessage as error:
        return Refused(code=error.code, reason=error.message)
    except Exception as error:
        _log.exception("message %d of %s", message.sequence, message.stream)
        return Refused(code=UnreadableMessage.code, reason=f"The message cannot be read: {error!r}.")


@dataclass(frozen=True, kw_only=True)
class Received:
    """A message, and what could be read of it.

    Attributes:
        message: As it came.
        event: That it carries; None where none can be read.
        unreadable: Why none can be read.
        aggregate: What it is about; None where that has no order.
    """

    message: InboundMessage
    event: InboundEvent | None
    unreadable: Refused | None
    aggregate: str | None

    @classmethod
    def of(cls, message: InboundMessage, *, about: About) -> "Received":
        """Read a message; blocks.

        Raises:
            Exception: An outage, for which it cannot be said now what the message is about.
        """
        event = event_of(message)
        if isinstance(event, Refused):
            return cls(message=message, event=None, unreadable=event, aggregate=None)
        try:
            aggregate = about(event)
        except OUTAGES:
            raise
        except Exception:  # by its spelling it is in order at least with what is spelled so
            _log.exception("what message %d of %s is about", message.sequence, message.stream)
            aggregate = aggregate_of(event)
        return cls(message=message, event=event, unreadable=None, aggregate=aggregate)

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.message.stream, self.message.sequence

    @property
    def lane(self) -> str:
        """The token of what is handled in its order with this message."""
        stream, sequence = self.place
        return lane_of(self.aggregate, stream=stream, sequence=sequence)

    def letter(self, *, status: LetterStatus, because: Refused, clock: Clock) -> DeadLetter:
        """Return the message as a dead letter."""
        return DeadLetter(
            status=status,
            code=because.code,
            reason=because.reason,
            at=clock.now(),
            aggregate=self.aggregate,
            event_id=None if self.event is None else self.event.id,
            event_type=None if self.event is None else self.event.type,
            size_bytes=len(self.message.body),
            **self.message.model_dump(),
        )


class Settling:
    """Settles messages; those of one lane are to come one after the other.

    Attributes:
        handled: So many were reacted to.
        duplicates: So many were known already.
        unknown: So many are of types that nobody listens to.
        own: So many are this service's own, come back.
        dead_letters: So many were set aside.

    Args:
        react: Reacts to an event; blocks.
        about: Says what an event is about; blocks.
        attempts: Remembers what was being handled when a process died.
        clock: Says when something was set aside.
    """

    def __init__(self, *, react: Reaction, about: About, attempts: InboxAttempts, clock: Clock) -> None:
        self._about = about
        self._reacting = Reacting(react=react, at_once=AT_ONCE)
        self._patience = SourcePatience()
        self._attempts = attempts
        self._clock = clock
        self._in_threads: set[str] = set()
        self._turns = Turns(AT_ONCE)
        self.handled = self.duplicates = self.unknown = self.own = self.dead_letters = 0

    @property
    def retries(self) -> int:
        """So often something was tried again."""
        return self._reacting.retries + self._patience.retries

    async def receive(self, message: InboundMessage) -> Received:
        """Return what can be read of a message, however long it cannot be said what that is about."""
        wait_s = BACKOFF_S[0]
        while True:
            try:
                return await asyncio.to_thread(Received.of, message, about=self._about)
            except OUTAGES as error:
                _log.warning("message %d of %s waits: %s", message.sequence, message.stream, error)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, BACKOFF_S[1])

    async def settle(self, received: Received, letters: DeadLetterStream) -> None:
        """Handle the message or set it aside; when this returns, it may be acknowledged."""
        event = received.event
        if event is not None and event.source == SOURCE:
            self.own += 1
        elif event is not None and event.type not in INCOMING:
            self.unknown += 1
        else:
            await self._settle_patiently(received, letters)

    async def forgive(self, places: Iterable[Place]) -> None:
        """Forget that these were being handled: this process lets go of them, and has not died of them."""
        with suppress(Exception):  # then each counts as one death: too few to matter
            async with asyncio.timeout(_FORGIVE_WITHIN_S):
                await asyncio.to_thread(self._attempts.end, list(places))

    async def _settle_patiently(self, received: Received, letters: DeadLetterStream) -> None:
        """Settle it, however long dead letters cannot be read or written.

        Raises:
            NoStreamResponseError: There is no stream for them.
        """
        wait_s = BACKOFF_S[0]
        while True:
            try:
                await self._settle(received, letters)
            except NoStreamResponseError:
                raise
            except NatsError as error:
                _log.warning("dead letters cannot be used: %s", error)
            else:
                return
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, BACKOFF_S[1])

    async def _settle(self, received: Received, letters: DeadLetterStream) -> None:
        while True:
            status, because = LetterStatus.WAITING, None
            behind = await letters.last(received.lane)
            if behind is None:
                status, because = LetterStatus.FAILED, received.unreadable or await self._handle(received)
                if because is None:
                    return
            elif received.message.deliveries > 1 and await self._is_among(letters, received):
                return
            because = because or Refused(code=WAITS, reason=f"waits behind dead letter {behind}")
            try:
                await letters.append(
                    received.letter(status=status, because=because, clock=self._clock), behind=behind
                )
            except MovedOn:
                continue
            self.dead_letters += 1
            return

    async def _handle(self, received: Received) -> Refused | None:
        event, place = received.event, received.place
        assert event is not None, "what cannot be read is not handled"
        deaths = await self._deaths(received) if received.message.deliveries > 1 else 0
        if deaths >= DEATHS_MAX:
            await asyncio.to_thread(self._attempts.end, [place])
            return Refused(code="inbox.process-died", reason=f"{deaths} processes have died while handling it")
        if received.message.deliveries >= DELIVERIES_MAX:
            return given_up(received.message.deliveries)

        async def attempt() -> bool | Refused:
            async with self._turns.turn(alone=deaths > 0):
                while received.lane in self._in_threads:  # noqa: ASYNC110 - threads of an earlier connection are no tasks
                    await asyncio.sleep(_LOOK_EVERY_S)
                return await self._reacting.to(event, around=lambda work: self._watched(received, work))

        outcome = await self._patience.outcome(attempt)  # between attempts others have the turn
        if isinstance(outcome, Refused):
            return outcome
        self.handled += 1
        self.duplicates += outcome
        return None

    async def _deaths(self, received: Received) -> int:
        with suppress(SQLAlchemyError):  # then it is handled as one that nobody died of
            return await asyncio.to_thread(self._attempts.unfinished, received.place)
        return 0

    def _watched(self, received: Received, work: Callable[[], bool]) -> bool:
        """Do the work in its thread, in a way that a death of the process meanwhile is known afterwards."""
        self._in_threads.add(received.lane)
        try:
            self._attempts.begin(received.place)
            try:
                return work()
            finally:
                self._attempts.end([received.place])
        finally:
            self._in_threads.discard(received.lane)

    async def _is_among(self, letters: DeadLetterStream, received: Received) -> bool:
        stream, sequence = received.place
        return await letters.has(received.lane, stream=stream, sequence=sequence)


def given_up(deliveries: int) -> Refused:
    """Return why a message that was handed out so often is not handed out again."""
    return Refused(code="inbox.delivered-too-often", reason=f"it was handed out {deliveries} times, in vain")
