"""The relay: what happened here is told to neighbours, each event once and in order."""

import asyncio
import logging
from contextlib import suppress

from nats.aio.client import Client
from nats.js.api import RetentionPolicy, StreamConfig

from application.integration.contracts import STREAM, SUBJECTS
from application.ports.event_log import EventLog
from application.ports.follower_positions import FollowerPositions
from application.ports.relay import Choice, Halt, RelayStatus
from infrastructure.messaging.connection import NatsConnection
from infrastructure.messaging.fenced_publisher import PublishDoubted
from infrastructure.messaging.pace import Pace
from infrastructure.messaging.relay_halts import Halted
from infrastructure.messaging.relay_notes import Beginning, Chosen, RelayMemory, RelayNotes
from infrastructure.messaging.relay_session import RelaySession
from infrastructure.messaging.relay_start import Start, starting_point
from infrastructure.messaging.streams import ensure_stream, lasting_stream

_REQUEST_S = 2.0
_NOTE_EVERY_S = 1.0
_ASK_AGAIN_S = 0.05
_LOOK_EVERY_S = 1.0
_LOOKS = 5  # then it is tried again: what was wrong may have been mended without anybody choosing
_DUPLICATES_S = 0.1  # the least there is: the fence keeps duplicates out, however late they come

_log = logging.getLogger(__name__)


def stream_config(*, replicas: int) -> StreamConfig:
    """Return how the stream of public events is kept: without limits, and so that nothing is removed."""
    lasting = lasting_stream(
        name=STREAM,
        description="What happened in the machine learning service, in order and for ever.",
        subjects=[SUBJECTS],
        retention=RetentionPolicy.LIMITS,
        replicas=replicas,
    )
    return lasting.evolve(deny_delete=True, deny_purge=True, duplicate_window=_DUPLICATES_S)


class Relay:
    """Publishes the log's public events to the stream, from where the stream says that it has got to.

    Two of them at once do no harm: the stream takes each event from one. Whatever leaves it in doubt what the
    stream has makes it ask the stream. Where it could only guess, it stops and says why, until an operator
    chooses or what was wrong is mended.

    Args:
        log: What is published.
        positions: Where it takes note of how far it is, and finds what the operator chose.
        replicas: How many servers keep the stream.
        pace: How fast, on the thread that it runs on; None for as fast as it can.

    Attributes:
        name: Among those who work on a connection.
    """

    name = "relay"

    def __init__(
        self, *, log: EventLog, positions: FollowerPositions, replicas: int = 1, pace: Pace | None = None
    ) -> None:
        self._event_log = log
        self._memory = RelayMemory(positions)
        self._stream = stream_config(replicas=replicas)
        self._pace = pace or Pace()
        self._notes = RelayNotes()
        self._session: RelaySession | None = None
        self._is_running = False
        self._position: int | None = None
        self._known: Start | None = None  # what was certain at the end of the last session
        self._error: str | None = None
        self._refilled_upto = 0
        self._stuck_at: int | None = None
        self._published = self._refilled = self._skipped = 0

    @property
    def status(self) -> RelayStatus:
        """How it fares now; asks the log for its head."""
        head = None
        with suppress(Exception):  # the log's trouble is seen as a head that is not known
            head = self._event_log.head()
        session = self._session
        position = self._position if session is None else session.position
        return RelayStatus(
            is_running=self._is_running,
            position=position,
            head=head,
            lag=None if head is None or position is None else max(0, head - position),
            halted=self._notes.halt if self._is_running else None,
            published=self._published,
            refilled=self._refilled,
            skipped=self._skipped,
            error=self._error,
        )

    def unreachable(self, reason: str) -> None:
        """Take note of why there is no connection to publish by; blocks.

        Raises:
            Exception: It cannot be noted.
        """
        self._error = reason
        self._memory.note_error(reason)

    async def run(self, client: Client) -> None:
        """Publish until cancelled.

        Raises:
            StreamUnavailable: There is no stream, and none can be made.
            PublishDoubted: The stream takes nothing from this relay.
        """
        self._is_running = True
        try:
            while True:
                try:
                    await self._go_on(client)
                except Halted as halted:
                    await self._wait(halted.halt)
        except asyncio.CancelledError:
            if (reason := _lost_because(client)) is not None:
                await self._fail(reason)
            raise
        except Exception as error:
            await self._fail(_lost_because(client) or f"{type(error).__name__}: {error}")
            raise
        finally:
            self._is_running = False

    async def _go_on(self, client: Client) -> None:
        """Publish until it is in doubt what the stream has."""
        start = await self._start(client)
        session = RelaySession(
            client,
            log=self._event_log,
            start=start,
            skipped_upto=self._notes.skipped_upto,
            on_stored=self._on_stored,
            pace=self._pace,
        )
        self._session = session
        noting = asyncio.create_task(self._note_now_and_then(session))
        try:
            await session.run()
        except PublishDoubted as doubt:
            if session.sequence == start.sequence == self._stuck_at:
                raise  # neither this relay nor another one got on: that is to be seen, and tried less often
            self._stuck_at = session.sequence
            _log.info("The relay asks the stream how far it is: %s.", doubt)
            await asyncio.sleep(_ASK_AGAIN_S)
        finally:
            noting.cancel()
            self._session, self._position = None, session.position
            self._known = Start(sequence=session.sequence, position=session.position)

    async def _start(self, client: Client) -> Start:
        js = client.jetstream(timeout=_REQUEST_S)
        info = await ensure_stream(js, self._stream)
        self._notes = notes = self._newest(await asyncio.to_thread(self._memory.recall))
        start = await starting_point(js, info, log=self._event_log, notes=notes)
        self._position = start.position
        if start.lost_after is not None:
            self._refilled_upto = notes.position
            _log.warning(
                "Stream %s has lost what followed its message %d: it is published again, from position %d on.",
                STREAM,
                start.lost_after,
                start.position + 1,
            )
        if notes.beginning is not None and notes.beginning.sequence != start.sequence:
            notes = notes.model_copy(update={"beginning": None})  # or a later stream of that length would obey it
        begun = notes.model_copy(update={"position": start.position, "sequence": start.sequence})
        await self._note(_past(begun, start.position))
        return start

    def _newest(self, notes: RelayNotes) -> RelayNotes:
        """Return the notes with what this relay knows since it took them."""
        known = self._known
        if known is None or known.sequence <= notes.sequence:
            return notes
        return notes.model_copy(update={"position": known.position, "sequence": known.sequence})

    async def _fail(self, error: str) -> None:
        self._error = error
        await self._note(self._notes.model_copy(update={"error": error}))

    def _on_stored(self, position: int) -> None:
        self._published += 1
        self._refilled += position <= self._refilled_upto

    async def _note_now_and_then(self, session: RelaySession) -> None:
        while True:
            await asyncio.sleep(_NOTE_EVERY_S)
            if session.is_settled:
                self._error = None
            reached = {"position": session.position, "sequence": session.sequence, "error": self._error}
            notes = _past(self._notes, session.position).model_copy(update=reached)
            if notes != self._notes:
                await self._note(notes)

    async def _note(self, notes: RelayNotes) -> None:
        try:
            await asyncio.to_thread(self._memory.note, notes)
        except Exception as error:  # whatever it is: what others are told does not depend on it
            _log.warning("The relay cannot take note of its position: %s", error)
        self._notes = notes  # afterwards: who sees in the status that it waits may choose at once

    async def _wait(self, halt: Halt) -> None:
        """Wait for a choice, for a while."""
        if not halt.is_same_as(self._notes.halt):
            _log.error("The relay has stopped: %s", halt.message)
        self._error = None
        await self._note(self._notes.model_copy(update={"halt": halt, "error": None}))
        for _ in range(_LOOKS):
            chosen = await asyncio.to_thread(self._memory.chosen, halt)
            if chosen is not None:
                await self._obey(chosen)
                return
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _obey(self, chosen: Chosen) -> None:
        halt = chosen.halt
        if Choice.SKIP in halt.choices:
            self._skipped += 1
            change: dict[str, object] = {"skipped_upto": chosen.position}
        else:
            beginning = Beginning(sequence=halt.sequence, position=chosen.position)
            change = {"beginning": beginning, "sequence": halt.sequence, "position": chosen.position}
        notes = self._notes.model_copy(update={**change, "halt": None})
        await asyncio.to_thread(self._memory.note, notes)
        await asyncio.to_thread(self._memory.forget_choice)
        self._notes, self._known = notes, None
        _log.warning("The relay goes on, as an operator chose: %s", change)


def _lost_because(client: Client) -> str | None:
    """Return why the connection is lost; None while it is not."""
    return client.reason if isinstance(client, NatsConnection) and not client.is_connected else None


def _past(notes: RelayNotes, position: int) -> RelayNotes:
    """Return the notes without the halt that the relay has got over."""
    is_over = notes.halt is not None and position >= notes.halt.position
    return notes.model_copy(update={"halt": None}) if is_over else notes
