"""The inbox: events of neighbours are taken from their streams and reacted to, each aggregate's in its order."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from application.integration.incoming import DURABLE, STREAM
from application.integration.reactions import About, Reaction
from application.ports.clock import Clock
from application.ports.dead_letters import LetterStatus
from application.ports.inbox import InboxStatus
from infrastructure.messaging.cancelling import end_if_cancelled
from infrastructure.messaging.dead_letter_stream import DeadLetterStream, GivenUp, MovedOn
from infrastructure.messaging.inbound_messages import InboundMessage
from infrastructure.messaging.inbox import IN_HAND_MAX, consumer_of, sources
from infrastructure.messaging.inbox_attempts import InboxAttempts, Place
from infrastructure.messaging.inbox_settling import Settling, given_up
from infrastructure.messaging.lanes import Lanes
from infrastructure.messaging.streams import ACK_WAIT_S
from infrastructure.messaging.together import together

_FETCH_MAX = 64
_FETCH_S = 2.0
_FETCH_HELD_S = 1.0
_FULL_S = 0.1
_REQUEST_S = 2.0
_LET_GO_S = 0.4
_LOOK_FOR_GIVEN_UP_EVERY_S = 30.0


class InboxConsumer:
    """Takes neighbours' events from the streams that keep them, and settles each: handled, or set aside.

    What is about the same is handled in the order of its stream; everything else goes on beside it.

    Args:
        react: Reacts to an event; blocks.
        about: Says what an event is about; blocks.
        attempts: Remembers what was being handled when a process died.
        clock: Says when something was set aside.
        replicas: How many servers keep the streams that are made here.
        ack_wait_s: After so long without a sign of life, messages in hand are handed out to somebody else.
    """

    name = "inbox"

    def __init__(
        self,
        *,
        react: Reaction,
        about: About,
        attempts: InboxAttempts,
        clock: Clock,
        replicas: int = 1,
        ack_wait_s: float = ACK_WAIT_S,
    ) -> None:
        self._settling = Settling(react=react, about=about, attempts=attempts, clock=clock)
        self._clock = clock
        self._replicas = replicas
        self._ack_wait_s = ack_wait_s
        self._is_running = False
        self._streams: tuple[str, ...] = ()
        self._in_hand: dict[Place, Msg] = {}

    @property
    def status(self) -> InboxStatus:
        """How it fares now."""
        settling = self._settling
        return InboxStatus(
            is_running=self._is_running,
            streams=self._streams if self._is_running else (),
            in_hand=len(self._in_hand),
            handled=settling.handled,
            duplicates=settling.duplicates,
            unknown=settling.unknown,
            own=settling.own,
            retries=settling.retries,
            dead_letters=settling.dead_letters,
        )

    async def run(self, client: Client) -> None:
        """Take and settle events until cancelled.

        Raises:
            StreamUnavailable: A stream that is needed is not there, and cannot be made.
        """
        js = client.jetstream(timeout=_REQUEST_S)
        letters = DeadLetterStream(js)
        await letters.ensure(replicas=self._replicas)
        subjects = await sources(js, replicas=self._replicas)
        for stream, taken in subjects.items():
            await js.add_consumer(stream, consumer_of(taken, ack_wait_s=self._ack_wait_s))
        self._streams, self._is_running = tuple(subjects), True
        try:
            async with together() as tasks:
                lanes = Lanes(tasks)
                for stream in subjects:
                    tasks.create_task(self._take(js, stream, lanes, letters))
                tasks.create_task(self._keep())
                tasks.create_task(self._look_for_given_up(js, letters))
        finally:
            self._is_running = False
            await self._let_go()

    async def _take(self, js: JetStreamContext, stream: str, lanes: Lanes, letters: DeadLetterStream) -> None:
        """Take messages as there is room for them, and put each into its lane.

        What was handed out to somebody before, and not settled, comes again, but later than what is new. So
        nothing is begun until all of that is here.
        """
        subscription = await js.pull_subscribe_bind(durable=DURABLE, stream=stream)
        try:
            held: list[Msg] = []
            ends_at = asyncio.get_running_loop().time() + 2 * self._ack_wait_s
            while len(held) < ((await subscription.consumer_info()).num_ack_pending or 0):
                held += await self._fetched(subscription, IN_HAND_MAX, _FETCH_HELD_S)
                if asyncio.get_running_loop().time() > ends_at:  # what has not come by now is not waited for
                    break
            for message in sorted(held, key=lambda each: each.metadata.sequence.stream):
                await self._put(message, lanes, letters)
            while True:
                room = IN_HAND_MAX - len(self._in_hand)
                if room <= 0:
                    await asyncio.sleep(_FULL_S)
                    continue
                for message in await self._fetched(subscription, min(room, _FETCH_MAX), _FETCH_S):
                    await self._put(message, lanes, letters)
        finally:
            with suppress(NatsError):  # the connection is gone: so is the subscription
                await subscription.unsubscribe()

    async def _fetched(
        self, subscription: JetStreamContext.PullSubscription, at_most: int, within_s: float
    ) -> Sequence[Msg]:
        """Return the messages that come, without those that are in hand already and only come again.

        Raises:
            NotFoundError: The stream, or its consumer, was removed.
        """
        try:
            messages = await subscription.fetch(at_most, timeout=within_s)
        except TimeoutError:
            messages = []
        end_if_cancelled()  # a wait for a message that comes just then forgets it, before Python 3.12
        if not messages:
            await subscription.consumer_info()  # refuses if it is gone, which a fetch does not notice
        fresh = [each for each in messages if _place(each) not in self._in_hand]
        self._in_hand.update({_place(each): each for each in messages})
        return fresh

    async def _put(self, message: Msg, lanes: Lanes, letters: DeadLetterStream) -> None:
        received = await self._settling.receive(InboundMessage.of(message))

        async def settle() -> None:
            await self._settling.settle(received, letters)
            await self._in_hand[received.place].ack()
            del self._in_hand[received.place]

        lanes.put(received.lane, settle)

    async def _keep(self) -> None:
        """Tell the streams that what is in hand is being worked on, or they would hand it out again."""
        while True:
            await asyncio.sleep(self._ack_wait_s / 3)
            for message in list(self._in_hand.values()):
                await message.in_progress()

    async def _let_go(self) -> None:
        """Give back what is in hand, in its order, so that the next one has it at once."""
        messages = sorted(self._in_hand.items())
        self._in_hand = {}
        await self._settling.forgive(place for place, _ in messages)
        with suppress(NatsError, TimeoutError):
            async with asyncio.timeout(_LET_GO_S):
                for _, message in messages:
                    if not message.is_acked:
                        await message.nak()

    async def _look_for_given_up(self, js: JetStreamContext, letters: DeadLetterStream) -> None:
        while True:
            async for each in letters.given_up():
                if each.stream in self._streams:
                    await self._set_aside(each, js, letters)
                else:
                    await letters.forget(each)  # of no stream that is consumed here: no word of JetStream's
            await asyncio.sleep(_LOOK_FOR_GIVEN_UP_EVERY_S)

    async def _set_aside(self, lost: GivenUp, js: JetStreamContext, letters: DeadLetterStream) -> None:
        """Keep a message among the dead letters that its stream hands out no more, if it is still there."""
        with suppress(NotFoundError):
            found = await js.get_msg(lost.stream, lost.sequence)
            message = InboundMessage(
                stream=lost.stream,
                sequence=lost.sequence,
                deliveries=lost.deliveries,
                subject=found.subject or "",
                headers=found.headers or {},
                body=found.data or b"",
            )
            received = await self._settling.receive(message)
            letter = received.letter(
                status=LetterStatus.FAILED, because=given_up(lost.deliveries), clock=self._clock
            )
            if not await letters.has(received.lane, stream=lost.stream, sequence=lost.sequence):
                try:
                    await letters.append(letter, behind=await letters.last(received.lane))
                except MovedOn:
                    return  # with the next look
            if lost.stream == STREAM:
                await js.delete_msg(lost.stream, lost.sequence)
        await letters.forget(lost)


def _place(message: Msg) -> Place:
    return message.metadata.stream, message.metadata.sequence.stream
