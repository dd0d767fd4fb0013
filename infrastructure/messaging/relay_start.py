"""Where a relay goes on: what the stream, the log and its own notes say together."""

import asyncio

from nats.js import JetStreamContext
from nats.js.api import StreamInfo

from application.ports.event_log import EventLog
from domain.kernel import Immutable
from infrastructure.messaging.relay_halts import ahead_of_log, emptied, of_another_log, written_by_stranger
from infrastructure.messaging.relay_messages import Published, last_message, message_at, messages_between
from infrastructure.messaging.relay_notes import RelayNotes
from infrastructure.messaging.relay_tail import Tail


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


async def starting_point(js: JetStreamContext, info: StreamInfo, *, log: EventLog, notes: RelayNotes) -> Start:
    """Return where to go on.

    What came into the stream since the notes has to be the log's next events. Without notes, and where the stream
    has lost some of what they know of, its last message tells.

    Args:
        js: Of a connection.
        info: What the stream said of itself.
        log: What is published.
        notes: Of the relay.

    Raises:
        Halted: The stream was emptied, or does not tell of this log, or of more than it has, or somebody else has
            written into it.
    """
    last = await last_message(js)
    present = 0 if last is None else last.sequence
    sequence = max(info.state.last_seq, present)
    lost_after = present if present < notes.sequence else None
    if notes.beginning is not None and notes.beginning.sequence == sequence:
        return Start(sequence=sequence, position=notes.beginning.position)
    if last is None:
        if sequence:
            raise emptied(sequence)
        return Start(sequence=0, position=0, lost_after=lost_after)
    if 0 < notes.sequence < last.sequence:
        position = await _after_notes(js, last, sequence, log=log, notes=notes)
    else:
        position = await asyncio.to_thread(_at_last, last, sequence, log=log)
    return Start(sequence=sequence, position=position, lost_after=lost_after)


async def _after_notes(
    js: JetStreamContext, last: Published, sequence: int, *, log: EventLog, notes: RelayNotes
) -> int:
    tail = Tail(log, after=notes.position, skipped_upto=notes.skipped_upto)
    async for page in messages_between(js, after=notes.sequence, last=last):
        await asyncio.to_thread(tail.take, page)
    if tail.stranger is None:
        return tail.position
    head = await asyncio.to_thread(log.head)
    is_ours = notes.position <= head and await _is_where_it_was(js, log=log, notes=notes)
    if last.position is not None and last.position > head:
        raise ahead_of_log(sequence, told=last.position, head=head, last=tail.position if is_ours else None)
    if not is_ours:
        raise of_another_log(sequence, f"its message {notes.sequence} is not the one that was there before")
    raise written_by_stranger(sequence, stranger=tail.stranger, last=tail.position)


async def _is_where_it_was(js: JetStreamContext, *, log: EventLog, notes: RelayNotes) -> bool:
    """Tell whether the stream is still the one that the notes are about."""
    if notes.beginning is not None and notes.beginning.sequence == notes.sequence:
        return True  # behind whatever was there, as an operator chose
    known = await message_at(js, notes.sequence)
    if known is None or known.position is None or known.position > notes.position:
        return False
    return await asyncio.to_thread(_is_in_log, known, log)


def _at_last(last: Published, sequence: int, *, log: EventLog) -> int:
    if last.position is None:
        raise of_another_log(sequence, f"its last message, {last.sequence}, is no event of this service")
    if last.position > (head := log.head()):
        raise ahead_of_log(sequence, told=last.position, head=head, last=None)
    if not _is_in_log(last, log):
        what = f"its last message tells of event {last.event_id} at position {last.position}"
        raise of_another_log(sequence, f"{what}, where this log has another one")
    return last.position


def _is_in_log(message: Published, log: EventLog) -> bool:
    if message.position is None or message.position < 1:
        return False
    found = log.read(after=message.position - 1, limit=1)
    return bool(found) and message.is_of(found[0])
