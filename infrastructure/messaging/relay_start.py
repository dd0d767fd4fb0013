"""Where a relay goes on: what the stream, the log and its own notes say together."""

from collections.abc import Mapping, Sequence

from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg, StreamInfo
from nats.js.errors import NotFoundError

from application.integration.contracts import SOURCE, STREAM, SUBJECTS
from application.ports.event_log import EventLog, Recorded
from application.ports.relay import Choice, Halt, HaltReason
from domain.kernel import Immutable, UnknownEvent
from infrastructure.messaging.cloudevents import PREFIX
from infrastructure.messaging.relay_notes import RelayNotes

_ANEW = (Choice.FROM_BEGINNING, Choice.FROM_NOW)
_WAYS = "`ml-service relay continue` with --from-beginning or --from-now"


class Halted(Exception):
    """The relay must not go on by itself.

    Attributes:
        halt: Why, and what an operator can choose.
    """

    def __init__(self, halt: Halt) -> None:
        super().__init__(halt.message)
        self.halt = halt


class Start(Immutable):
    """Where to go on.

    Attributes:
        sequence: Of the stream's last message; the next one is refused unless it follows this one.
        position: Of the last event that is in the stream.
        lost_after: Of the last message that is still there, where the stream has lost some; else None.
    """

    sequence: int
    position: int
    lost_after: int | None = None


class Published(Immutable):
    """What the last message of the stream says of itself."""

    sequence: int
    position: int
    event_id: str
    aggregate_id: str


async def last_message(js: JetStreamContext) -> RawStreamMsg | None:
    """Return the last message that the stream still has; None when it has none."""
    try:
        return await js.get_last_msg(STREAM, SUBJECTS)
    except NotFoundError:
        return None


def starting_point(info: StreamInfo, last: RawStreamMsg | None, *, log: EventLog, notes: RelayNotes) -> Start:
    """Return where to go on; it reads the log.

    Args:
        info: What the stream said of itself, before the message was asked for.
        last: Its last message.
        log: What is published.
        notes: Of the relay.

    Raises:
        Halted: The stream was emptied, or does not tell of this log, or of more than it has.
    """
    present = 0 if last is None else last.seq or 0
    sequence = max(info.state.last_seq, present)
    lost_after = present if present < notes.sequence else None
    if notes.beginning is not None and notes.beginning.sequence == sequence:
        return Start(sequence=sequence, position=notes.beginning.position)
    if last is None:
        if sequence:
            raise Halted(_emptied(sequence))
        return Start(sequence=0, position=0, lost_after=lost_after)
    published = _published(last)
    if published is None:
        raise Halted(_of_another_log(sequence, f"its last message, {present}, is no event of this service"))
    if published.position > (head := log.head()):
        raise Halted(_ahead(published, sequence, head))
    if not _is_same(published, log.read(after=published.position - 1, limit=1)):
        what = f"its last message tells of event {published.event_id} at position {published.position}"
        raise Halted(_of_another_log(sequence, f"{what}, where this log has another one"))
    return Start(sequence=sequence, position=published.position, lost_after=lost_after)


def unreadable(event: UnknownEvent, *, position: int, sequence: int) -> Halted:
    """Return why the relay stops before an event that this program cannot read."""
    message = (
        f"The event at position {position}, of type {event.topic!r}, cannot be read by this program "
        f"({event.error}), and nobody knows whether others are to hear of it. If a newer program stored it, run "
        "that one; if it is damaged, leave it out with `ml-service relay continue --skip`."
    )
    return _before_event(HaltReason.EVENT_UNREADABLE, message, position=position, sequence=sequence)


def too_large(size_bytes: int, *, most_bytes: int, position: int, sequence: int) -> Halted:
    """Return why the relay stops before an event that the server would not take."""
    message = (
        f"The event at position {position} makes a message of {size_bytes} bytes, and the NATS server takes "
        f"{most_bytes}: raise its max_payload, or leave the event out with `ml-service relay continue --skip`."
    )
    return _before_event(HaltReason.EVENT_TOO_LARGE, message, position=position, sequence=sequence)


def _before_event(reason: HaltReason, message: str, *, position: int, sequence: int) -> Halted:
    return Halted(
        Halt(reason=reason, message=message, sequence=sequence, position=position, choices=(Choice.SKIP,))
    )


def _emptied(sequence: int) -> Halt:
    message = (
        f"Stream {STREAM} has had {sequence} message(s) and has none now: somebody emptied it. Choose whether "
        f"others are to be told of everything again, or of what happens from now on: {_WAYS}."
    )
    return _before_stream(HaltReason.STREAM_EMPTIED, message, sequence)


def _of_another_log(sequence: int, what: str) -> Halt:
    message = (
        f"Stream {STREAM} does not tell of this log: {what}. Give each service a NATS account of its own, or "
        f"choose what to publish behind what is there: {_WAYS}."
    )
    return _before_stream(HaltReason.STREAM_OF_ANOTHER_LOG, message, sequence)


def _ahead(published: Published, sequence: int, head: int) -> Halt:
    message = (
        f"Stream {STREAM} tells of position {published.position}, and the log ends at {head}: the log was "
        f"restored from before that, or it is another one. Restore a newer one, or choose what to publish behind "
        f"what is there: {_WAYS}."
    )
    return _before_stream(HaltReason.STREAM_AHEAD_OF_LOG, message, sequence)


def _before_stream(reason: HaltReason, message: str, sequence: int) -> Halt:
    return Halt(reason=reason, message=message, sequence=sequence, position=0, choices=_ANEW)


def _published(message: RawStreamMsg) -> Published | None:
    headers: Mapping[str, str] = {name.lower(): value for name, value in (message.headers or {}).items()}
    try:
        if headers[f"{PREFIX}source"] != SOURCE:
            return None
        return Published(
            sequence=message.seq or 0,
            position=int(headers[f"{PREFIX}sequence"]),
            event_id=headers[f"{PREFIX}id"],
            aggregate_id=headers[f"{PREFIX}subject"],
        )
    except (KeyError, ValueError):
        return None


def _is_same(published: Published, found: Sequence[Recorded]) -> bool:
    if not found or found[0].position != published.position:
        return False
    event = found[0].event
    if isinstance(event, UnknownEvent):  # published by a newer program; its own id cannot be read
        return str(event.originator_id) == published.aggregate_id
    return str(event.event_id) == published.event_id
