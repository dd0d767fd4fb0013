"""Dead letters as people decide on them, from any process that could handle them."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar

from nats.aio.client import Client
from nats.errors import Error as NatsError

from application.integration.incoming import INCOMING
from application.integration.reactions import Reaction
from application.ports.clock import Clock
from application.ports.dead_letters import (
    DeadLetter,
    DeadLetterCounts,
    DeadLetterNotFound,
    DeadLettersBusy,
    DeadLetterWaits,
    Resumed,
    StillRefused,
)
from application.ports.messaging import MessagingUnavailable
from infrastructure.messaging.dead_letter_messages import lane_of
from infrastructure.messaging.dead_letter_stream import DeadLetterStream
from infrastructure.messaging.inbound_messages import InboundMessage
from infrastructure.messaging.inbox_reacting import FAILURES_MAX, Refused, refusal
from infrastructure.messaging.inbox_settling import event_of
from infrastructure.messaging.parts import Messaging

_REQUEST_S = 2.0
_CALL_S = 5.0

T = TypeVar("T")


class NatsDeadLetters:
    """The dead letters in JetStream. Safe to use from several threads, and by several processes at once: what is
    handled twice then has its effects once.

    Args:
        messaging: Reaches them.
        react: Reacts to an event; blocks.
        clock: Says when one was refused again.
    """

    def __init__(self, *, messaging: Messaging, react: Reaction, clock: Clock) -> None:
        self._messaging = messaging
        self._react = react
        self._clock = clock
        self._turn = Lock()

    def page(self, *, after: int, limit: int) -> Sequence[DeadLetter]:
        """Return the next ones behind this id, in their order, without their bodies."""

        async def ask(letters: DeadLetterStream) -> Sequence[DeadLetter]:
            found: list[DeadLetter] = []
            place = after
            while len(found) < limit and (letter := await letters.after(place)) is not None:
                found.append(letter.model_copy(update={"body": b""}))
                place = letter.id
            return found

        return self._ask(ask)

    def get(self, letter_id: int) -> DeadLetter:
        """Return one.

        Raises:
            DeadLetterNotFound: There is none.
        """
        letter = self._ask(lambda letters: letters.get(letter_id))
        if letter is None:
            message = f"There is no dead letter {letter_id}: it was handled or discarded, or never was."
            raise DeadLetterNotFound(message, id=letter_id)
        return letter

    def replay(self, letter_id: int) -> Resumed:
        """Handle the message, then those that wait behind it, in their order, until one is refused.

        Raises:
            DeadLetterNotFound: There is none.
            DeadLetterWaits: Another one comes first.
            DeadLettersBusy: One is being handled.
            StillRefused: It is refused again, and stays.
        """
        with self._taking_turns():
            letter = self.get(letter_id)
            first = self._first(letter)
            if first.id != letter_id:
                message = f"Dead letter {letter_id} waits behind {first.id}: replay or discard that one first."
                raise DeadLetterWaits(message, id=letter_id, first=first.id)
            resumed = self._go_through(letter)
        if resumed.stopped_at is not None and resumed.stopped_at.id == letter_id:
            again = resumed.stopped_at
            message = f"Dead letter {letter_id} is refused again: {again.reason}"
            raise StillRefused(message, id=letter_id, code=again.code)
        return resumed

    def discard(self, letter_id: int) -> Resumed:
        """Remove the message for good; if it stood in the way of others, handle these in their order.

        Raises:
            DeadLetterNotFound: There is none.
            DeadLettersBusy: One is being handled.
        """
        with self._taking_turns():
            letter = self.get(letter_id)
            was_first = self._first(letter).id == letter_id
            self._remove(letter_id)
            following = self._next(letter) if was_first else None
            return self._go_through(following)

    def counts(self) -> DeadLetterCounts:
        """Return how many there are."""
        return self._ask(lambda letters: letters.counts())

    def _go_through(self, letter: DeadLetter | None) -> Resumed:
        handled: list[int] = []
        while letter is not None:
            if (refused := self._refused(letter)) is not None:
                self._note(letter.id, refused)
                return Resumed(handled=tuple(handled), stopped_at=self.get(letter.id))
            self._remove(letter.id)
            handled.append(letter.id)
            letter = self._next(letter)
        return Resumed(handled=tuple(handled), stopped_at=None)

    def _refused(self, letter: DeadLetter) -> Refused | None:
        """Handle the letter; return why it is refused.

        Raises:
            Exception: An outage, of which the letter is not the cause.
        """
        event = event_of(InboundMessage.model_validate(letter.model_dump(include=_OF_MESSAGE)))
        if isinstance(event, Refused):
            return event
        if event.type not in INCOMING:
            return None
        try:
            self._react(event)
        except Exception as error:
            if (refused := refusal(error, FAILURES_MAX)) is None:
                raise
            return refused
        return None

    def _note(self, letter_id: int, refused: Refused) -> None:
        at = self._clock.now()
        self._ask(lambda letters: letters.note(letter_id, code=refused.code, reason=refused.reason, at=at))

    def _remove(self, letter_id: int) -> None:
        self._ask(lambda letters: letters.remove(letter_id))

    def _first(self, letter: DeadLetter) -> DeadLetter:
        first = self._ask(lambda letters: letters.after(0, lane=_lane(letter)))
        return letter if first is None else first

    def _next(self, letter: DeadLetter) -> DeadLetter | None:
        return self._ask(lambda letters: letters.after(letter.id, lane=_lane(letter)))

    def _ask(self, question: Callable[[DeadLetterStream], Awaitable[T]]) -> T:
        """Return the answer of the stream.

        Raises:
            MessagingUnavailable: There is none.
        """

        async def asked(client: Client) -> T:
            return await question(DeadLetterStream(client.jetstream(timeout=_REQUEST_S)))

        try:
            return self._messaging.call(asked, timeout_s=_CALL_S).result()
        except NatsError as error:
            raise MessagingUnavailable(f"The dead letters cannot be reached now: {error}.") from error

    @contextmanager
    def _taking_turns(self) -> Iterator[None]:
        if not self._turn.acquire(blocking=False):
            raise DeadLettersBusy("A dead letter is being handled: one at a time, ask again when it is done.")
        try:
            yield
        finally:
            self._turn.release()


_OF_MESSAGE = set(InboundMessage.model_fields)


def _lane(letter: DeadLetter) -> str:
    return lane_of(letter.aggregate, stream=letter.stream, sequence=letter.sequence)
