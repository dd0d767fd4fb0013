"""What messages of the stream say of themselves, and of which event of the log they can be."""

from collections.abc import AsyncIterator, Mapping, Sequence

from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, RawStreamMsg
from nats.js.errors import NotFoundError

from application.integration.contracts import SOURCE, STREAM, SUBJECTS
from application.integration.translation import translate
from application.ports.event_log import Recorded
from domain.kernel import Immutable, UnknownEvent
from infrastructure.messaging.cloudevents import PREFIX

_PAGE = 500
_FETCH_S = 5.0
_GONE_AFTER_S = 10.0


class Published(Immutable):
    """What a message of the stream says of itself.

    Attributes:
        sequence: Its place in the stream.
        subject: That it was published on.
        position: Of the event that it tells of; None, as all that follows, where it is none of this service.
    """

    sequence: int
    subject: str
    position: int | None = None
    event_id: str = ""
    event_type: str = ""
    aggregate_id: str = ""

    def is_of(self, recorded: Recorded) -> bool:
        """Tell whether it is what the relay publishes of this event."""
        event = recorded.event
        if self.position != recorded.position:
            return False
        if isinstance(event, UnknownEvent):  # published by a newer program; its own id cannot be read
            return str(event.originator_id) == self.aggregate_id
        public = translate(recorded)
        if public is None or str(event.event_id) != self.event_id:
            return False
        # whatever version: the program that published it may have been an older or a newer one
        names = {_without_version(self.event_type), _without_version(str(public.attributes["type"]))}
        return self.subject == public.subject and len(names) == 1


async def last_message(js: JetStreamContext) -> Published | None:
    """Return the last message that the stream still has; None when it has none."""
    return await _got(js, last=True)


async def message_at(js: JetStreamContext, sequence: int) -> Published | None:
    """Return the message at this place of the stream; None where there is none."""
    return await _got(js, sequence=sequence)


async def messages_between(
    js: JetStreamContext, *, after: int, last: Published
) -> AsyncIterator[Sequence[Published]]:
    """Yield pages of what the stream has after one message up to another one, without the data."""
    if last.sequence <= after + 1:
        yield [last] if last.sequence > after else []
        return
    config = ConsumerConfig(
        ack_policy=AckPolicy.NONE,
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=after + 1,
        headers_only=True,
        mem_storage=True,
        inactive_threshold=_GONE_AFTER_S,
    )
    subscription = await js.pull_subscribe(SUBJECTS, stream=STREAM, config=config)
    try:
        reached = after
        while reached < last.sequence:
            wanted = min(_PAGE, last.sequence - reached)
            page = [_of_message(each) for each in await subscription.fetch(wanted, timeout=_FETCH_S)]
            reached = page[-1].sequence
            yield [each for each in page if each.sequence <= last.sequence]
    finally:
        await subscription.unsubscribe()


async def _got(js: JetStreamContext, *, sequence: int | None = None, last: bool = False) -> Published | None:
    try:
        found: RawStreamMsg = (
            await js.get_last_msg(STREAM, SUBJECTS) if last else await js.get_msg(STREAM, seq=sequence)
        )
    except NotFoundError:
        return None
    return _published(found.headers, sequence=found.seq or 0, subject=found.subject or "")


def _of_message(message: Msg) -> Published:
    return _published(message.headers, sequence=message.metadata.sequence.stream, subject=message.subject)


def _published(headers: Mapping[str, str] | None, *, sequence: int, subject: str) -> Published:
    said = {name.lower(): value for name, value in (headers or {}).items()}
    try:
        if said[f"{PREFIX}source"] != SOURCE:
            return Published(sequence=sequence, subject=subject)
        return Published(
            sequence=sequence,
            subject=subject,
            position=int(said[f"{PREFIX}sequence"]),
            event_id=said[f"{PREFIX}id"],
            event_type=said.get(f"{PREFIX}type", ""),
            aggregate_id=said[f"{PREFIX}subject"],
        )
    except (KeyError, ValueError):
        return Published(sequence=sequence, subject=subject)


def _without_version(event_type: str) -> str:
    return event_type.rpartition(".")[0]
