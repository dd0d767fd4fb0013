"""Our side of the Database Service: what readers see here is sent there, and looked after until it has arrived."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from nats.aio.client import Client
from nats.js import JetStreamContext

from application.log_identity import ChainedLog
from application.ports.clock import Clock
from application.ports.follower_positions import FollowerPositions
from application.ports.metadata_store import MIRRORED, STREAM, MirrorStatus
from application.ports.progress import ReadModelProgress
from application.ports.read_models import Collection, Project, ReadModels
from infrastructure.database_service.client import DatabaseClient, DatabaseServiceUnavailable
from infrastructure.database_service.past import Belief, Past
from infrastructure.database_service.sending import Sender, Sent
from infrastructure.database_service.streams import commands_stream
from infrastructure.messaging.pace import Pace
from infrastructure.messaging.streams import ensure_stream

_LOOK_EVERY_S = 1.0
_LOOK_HALTED_S = 0.2
_PATIENCE_FIRST_S, _PATIENCE_MAX_S = 1.0, 300.0
_UNKNOWN = (
    "the Database Service had documents before anything was noted here as sent to it, as where the log was "
    "restored, and nobody knows of which past they are"
)

Result = TypeVar("Result")


class _Look(NamedTuple):
    """What was seen of the Database Service.

    Attributes:
        confirmed: Everything up to this position has arrived; None when nobody said so.
        back_at: From where to send again, because it was lost; None when nothing was.
        error: What is wrong.
    """

    confirmed: int | None = None
    back_at: Sent | None = None
    error: str | None = None


class Mirror:
    """Keeps the Database Service up to the log, where this process leads.

    What it sends is kept by a stream until it is carried out. The positions that the Database Service answers
    say what has arrived; what was sent, is not there and is not on its way either is sent again.

    Args:
        log: What to follow.
        read_models: The documents.
        progress: Tells how far they are.
        projections: What follows from an event.
        positions: Where it is noted what was sent.
        clock: Tells since when something is wrong, and when to send again.
        replicas: How many servers of the cluster keep the stream.
        halted: Returns why nothing is to be sent for now; None where nothing speaks against it.
        pace: How fast, on the thread that it runs on; None for as fast as it can.
    """

    name = "mirror"

    def __init__(
        self,
        *,
        log: ChainedLog,
        read_models: ReadModels,
        progress: ReadModelProgress,
        projections: Sequence[Project],
        positions: FollowerPositions,
        clock: Clock,
        replicas: int = 1,
        halted: Callable[[], str | None] = lambda: None,
        pace: Pace | None = None,
    ) -> None:
        self._log = log
        self._clock = clock
        self._replicas = replicas
        self._halted = halted
        self._positions = positions
        self._past = Past(log=log, positions=positions)
        self._sender = Sender(
            log=log,
            read_models=read_models,
            progress=progress,
            projections=projections,
            positions=positions,
            past=self._past,
            pace=pace or Pace(),
        )
        self._status = MirrorStatus()
        self._resent = 0
        self._back_at: int | None = None
        self._patience_s = 0.0
        self._resend_from = 0.0  # on the monotonic clock: not before then

    @property
    def status(self) -> MirrorStatus:
        """How far the Database Service is, as of the last look."""
        return self._status.model_copy(update={"sent": self._sender.sent.position})

    async def run(self, client: Client) -> None:
        """Send and look after what was sent, until cancelled.

        Raises:
            Exception: Nothing can be sent now; the next run begins where this one ended.
        """
        js, service = client.jetstream(), DatabaseClient(client)
        stream = await ensure_stream(js, commands_stream(replicas=self._replicas))
        await self._wait_while_halted()
        await self._meet(js, service)
        await self._sender.begin(last_sequence=stream.state.last_seq)
        while True:
            await self._wait_while_halted()
            lost = await _first(self._sender.run(js), self._watch(js, service))
            if lost is not None:
                self._sender.sent = lost
                self._resent += 1

    async def _wait_while_halted(self) -> None:
        while (reason := await asyncio.to_thread(self._halted)) is not None:
            await self._tell(_Look(error=f"nothing is sent to the Database Service for now: {reason}"))
            await asyncio.sleep(_LOOK_HALTED_S)

    async def _meet(self, js: JetStreamContext, service: DatabaseClient) -> None:
        """Where nobody has noted that anything was sent, wait until it is known what the Database Service has."""
        while await self._has_sent_nothing():
            belief = await asyncio.to_thread(self._past.belief)
            try:
                if belief.doubt is not None or await _is_empty(js, service):
                    return
                if await self._has_sent_nothing():  # nor has another mirror meanwhile
                    await asyncio.to_thread(self._past.doubt, _UNKNOWN, since=belief)
                    return
            except DatabaseServiceUnavailable as error:
                await self._tell(_Look(error=str(error)))
                await asyncio.sleep(_LOOK_EVERY_S)

    async def _has_sent_nothing(self) -> bool:
        return await asyncio.to_thread(Sent.noted, self._positions) is None

    async def _watch(self, js: JetStreamContext, service: DatabaseClient) -> Sent | None:
        """Look again and again; return from where to send again when something was lost, None when halted."""
        while True:
            if await asyncio.to_thread(self._halted) is not None:
                return None
            look = await self._look(js, service)
            await self._tell(look)
            if look.back_at is not None and self._may_go_back(look.back_at):
                return look.back_at
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _look(self, js: JetStreamContext, service: DatabaseClient) -> _Look:
        # in this order: what the stream does not have any more by now, the service has by then, or never will
        belief = await asyncio.to_thread(self._past.belief)
        sent, last_sequence = self._sender.sent, self._sender.last_sequence
        state = (await js.stream_info(STREAM)).state
        has_passed_on = state.messages == 0 or state.first_seq > last_sequence or state.last_seq < last_sequence
        try:
            arrived = await service.positions()
            if belief.doubt is not None and await _is_empty(js, service):  # it was wiped
                await asyncio.to_thread(self._past.settle)
                belief = Belief()
        except DatabaseServiceUnavailable as error:
            return _Look(error=str(error))
        doubt = await self._doubt(arrived, since=belief)
        confirmed = sent.confirmed(arrived)
        if not sent.missing(arrived) or not has_passed_on:
            return _Look(confirmed, error=doubt)
        return _Look(confirmed, sent.back_at(arrived), self._not_taken(confirmed) or doubt)

    async def _doubt(self, arrived: Mapping[Collection, int], *, since: Belief) -> str | None:
        """Return why the Database Service may have rows of another past; None where nothing speaks for it."""
        head = await asyncio.to_thread(self._log.head)
        ahead = {each.value: arrived[each] for each in MIRRORED if arrived[each] > head}
        if not ahead:
            return since.doubt
        where = ", ".join(f"{collection} at {position}" for collection, position in ahead.items())
        reason = (
            f"the Database Service was found ahead of the log, which ended at {head}: {where}. It has rows of "
            "another log, or of this one before it was restored"
        )
        return (await asyncio.to_thread(self._past.doubt, reason, since=since)).doubt

    def _not_taken(self, confirmed: int) -> str | None:
        if self._back_at != confirmed:
            return None
        return (
            f"the Database Service does not get past position {confirmed}, though what follows was sent again: "
            "its log says which commands it drops"
        )

    def _may_go_back(self, lost: Sent) -> bool:
        """Return whether to send again now: to the same place again only after an ever longer while."""
        now = self._clock.monotonic()
        if lost.position != self._back_at:
            self._patience_s = _PATIENCE_FIRST_S
        elif now < self._resend_from:
            return False
        else:
            self._patience_s = min(2 * self._patience_s, _PATIENCE_MAX_S)
        self._back_at = lost.position
        self._resend_from = now + self._patience_s
        return True

    async def _tell(self, look: _Look) -> None:
        head = await asyncio.to_thread(self._log.head)
        confirmed = look.confirmed
        self._status = MirrorStatus(
            sent=self._sender.sent.position,
            confirmed=confirmed,
            head=head,
            lag=None if confirmed is None else max(0, head - confirmed),
            is_reachable=confirmed is not None,
            resent=self._resent,
            error=look.error,
            failing_since=self._failing_since(look.error),
        )

    def _failing_since(self, error: str | None) -> datetime | None:
        if error is None:
            return None
        return self._status.failing_since or self._clock.now()


async def _is_empty(js: JetStreamContext, service: DatabaseClient) -> bool:
    """Return whether the Database Service has no documents, and none on their way."""
    return (await js.stream_info(STREAM)).state.messages == 0 and await service.is_empty()


async def _first(*coroutines: Coroutine[Any, Any, Result]) -> Result:
    """Return what the first to end returns, or raise what it raises; the others are cancelled."""
    tasks = [asyncio.create_task(each) for each in coroutines]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(iter(ended)).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
