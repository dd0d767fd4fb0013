"""Why the relay stops by itself, in words that say what to do."""

from application.integration.contracts import STREAM
from application.ports.relay import Choice, Halt, HaltReason
from domain.kernel import UnknownEvent

_ANEW = (Choice.FROM_BEGINNING, Choice.FROM_NOW)
_CONTINUE = "`ml-service relay continue`"
_WAYS = f"{_CONTINUE} with --from-beginning or --from-now"


class Halted(Exception):
    """The relay must not go on by itself.

    Attributes:
        halt: Why, and what an operator can choose.
    """

    def __init__(self, halt: Halt) -> None:
        super().__init__(halt.message)
        self.halt = halt


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


def emptied(sequence: int) -> Halted:
    """Return why the relay stops before a stream without messages that has had some."""
    message = (
        f"Stream {STREAM} has had {sequence} message(s) and has none now: somebody emptied it. Choose whether "
        f"others are to be told of everything again, or of what happens from now on: {_WAYS}."
    )
    return _before_stream(HaltReason.STREAM_EMPTIED, message, sequence)


def of_another_log(sequence: int, what: str) -> Halted:
    """Return why the relay stops behind messages that are not about its log."""
    message = (
        f"Stream {STREAM} does not tell of this log: {what}. Give each service a NATS account of its own, or "
        f"choose what to publish behind what is there: {_WAYS}."
    )
    return _before_stream(HaltReason.STREAM_OF_ANOTHER_LOG, message, sequence)


def ahead_of_log(sequence: int, *, told: int, head: int, last: int | None) -> Halted:
    """Return why the relay stops behind a message about an event that the log does not have.

    Args:
        sequence: Of the stream's last message.
        told: The position that the message names.
        head: Of the log.
        last: Of the last event that is certainly in the stream; None where that is not known.
    """
    message = (
        f"Stream {STREAM} tells of position {told}, and the log ends at {head}: the log was restored from before "
        f"that, or it is another one, or the message is no event of this service. Restore a newer one, or choose "
        f"what to publish behind what is there: {_WAYS}"
    )
    if last is not None:
        message += f", or with --from-last what follows position {last}"
    return _before_stream(HaltReason.STREAM_AHEAD_OF_LOG, f"{message}.", sequence, last=last)


def written_by_stranger(sequence: int, *, stranger: int, last: int) -> Halted:
    """Return why the relay stops behind messages that are not what it would have published there.

    Args:
        sequence: Of the stream's last message.
        stranger: Of the first of those messages.
        last: Of the last event that is certainly in the stream.
    """
    message = (
        f"Somebody else has written into stream {STREAM}: its message {stranger} is not the event of this service "
        f"that was next. Let only this service publish to its subjects. {_CONTINUE} with --from-last goes on with "
        f"what follows position {last}, each event once, and leaves that message where it is; --from-beginning "
        "or --from-now publish everything again, or only what happens from now on."
    )
    return _before_stream(HaltReason.STREAM_WRITTEN_BY_STRANGER, message, sequence, last=last)


def _before_event(reason: HaltReason, message: str, *, position: int, sequence: int) -> Halted:
    return Halted(
        Halt(reason=reason, message=message, sequence=sequence, position=position, choices=(Choice.SKIP,))
    )


def _before_stream(reason: HaltReason, message: str, sequence: int, *, last: int | None = None) -> Halted:
    choices = _ANEW if last is None else (Choice.FROM_LAST, *_ANEW)
    return Halted(
        Halt(reason=reason, message=message, sequence=sequence, position=0, choices=choices, last=last or 0)
    )
