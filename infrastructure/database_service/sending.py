"""Sends what the log changes of the documents, page by page."""

import asyncio
from collections.abc import Mapping, Sequence

from nats.js import JetStreamContext
from pydantic import ValidationError

from application.log_identity import BEGINNING, ChainedLog, Reach
from application.mirroring import changes
from application.ports.event_log import Recorded
from application.ports.follower_positions import FollowerPositions
from application.ports.metadata_store import MIRRORED
from application.ports.progress import ReadModelProgress
from application.ports.read_models import Collection, Project, ReadModels
from domain.kernel import Immutable
from infrastructure.database_service.client import outgoing, send
from infrastructure.database_service.past import Past
from infrastructure.messaging.log_tail import LogTail
from infrastructure.messaging.pace import Pace
from infrastructure.read_models.fingerprint import fingerprint

NAME = "mirror"
"""Under which the positions are noted."""

_LOOK_S = 1.0


class Sent(Immutable):
    """What was sent, to be kept until it is carried out.

    Attributes:
        program: Whose documents they are: another program's may differ from this one's.
        position: Everything up to here.
        collections: The position of what was sent last of each; 0 where it is missing.
        reach: The furthest that may ever have been sent, and of which past that was.
    """

    program: str
    position: int
    collections: Mapping[Collection, int]
    reach: Reach

    @classmethod
    def nothing(cls, *, reach: Reach = BEGINNING) -> "Sent":
        """Return that nothing was sent by this version of the program."""
        return cls(program=fingerprint(), position=0, collections={}, reach=reach)

    @classmethod
    def noted(cls, positions: FollowerPositions) -> "Sent | None":
        """Return what was noted last, by whatever version of the program; None when nothing was."""
        try:
            return cls.model_validate_json(positions.notes(NAME) or "")
        except ValidationError:
            return None

    def holds(self, past: Past) -> bool:
        """Return whether it was sent by this version of the program, of this past."""
        return self.program == fingerprint() and past.is_mine(self.reach)

    def missing(self, arrived: Mapping[Collection, int]) -> list[Collection]:
        """Return the collections that are not as far as they were sent.

        Args:
            arrived: How far each collection is.
        """
        return [each for each in MIRRORED if arrived[each] < self.collections.get(each, 0)]

    def confirmed(self, arrived: Mapping[Collection, int]) -> int:
        """Return up to which position everything has arrived."""
        return min((arrived[each] for each in self.missing(arrived)), default=self.position)

    def back_at(self, arrived: Mapping[Collection, int]) -> "Sent":
        """Return from where to send again, so that it follows on what has arrived.

        Args:
            arrived: How far each collection is, and some not as far as they were sent.
        """
        position = self.confirmed(arrived)
        collections = {collection: min(arrived[collection], position) for collection in MIRRORED}
        return self.model_copy(update={"position": position, "collections": collections})


class Sender:
    """Sends the documents of the read models as the log changes them.

    Args:
        log: What to follow.
        read_models: The documents, which may be behind the log, or ahead of what was sent.
        progress: Tells how far they are.
        projections: What follows from an event.
        positions: Where it is noted what was sent.
        past: Of the log.
        pace: How fast.

    Attributes:
        sent: What was.
        last_sequence: The place in the stream of what was sent last.
    """

    def __init__(
        self,
        *,
        log: ChainedLog,
        read_models: ReadModels,
        progress: ReadModelProgress,
        projections: Sequence[Project],
        positions: FollowerPositions,
        past: Past,
        pace: Pace,
    ) -> None:
        self._tail = LogTail(log)
        self._past = past
        self._read_models = read_models
        self._progress = progress
        self._projections = tuple(projections)
        self._positions = positions
        self._pace = pace
        self.sent = Sent.nothing()
        self.last_sequence = 0

    async def begin(self, *, last_sequence: int) -> None:
        """Take up where it was left, which is the beginning where that is not known, or is another past's.

        Args:
            last_sequence: The place of the last message that the stream ever had.
        """
        self.last_sequence = last_sequence
        self.sent = await asyncio.to_thread(self._noted)

    async def run(self, js: JetStreamContext) -> None:
        """Send from where `sent` is, until cancelled.

        Raises:
            NatsError: The stream does not keep what was sent.
            Exception: The log cannot be read.
        """
        async with self._tail.pages(after=self.sent.position) as pages:
            async for page in pages:
                await self._send(js, page)

    async def _send(self, js: JetStreamContext, page: Sequence[Recorded]) -> None:
        while not await self._progress.wait_until(self.sent.position, _LOOK_S):
            pass  # what the page changes follows from what was before it
        await self._pace.keep()
        changed = await asyncio.to_thread(
            changes,
            page,
            after=self.sent.position,
            read_models=self._read_models,
            projections=self._projections,
        )
        if self.sent.reach.position < page[-1].position:
            reach = await asyncio.to_thread(self._past.reach, page[-1].position)
            self.sent = self.sent.model_copy(update={"reach": reach})
            if changed:  # noted before: of whatever may be there it is known of which past it is
                await self._note(self.sent)
        last_sequence = await send(js, outgoing(changed, sent=self.sent.collections), pace=self._pace)
        self.last_sequence = max(self.last_sequence, last_sequence)
        last_of_each = {change.collection: change.position for change in changed}
        self.sent = Sent(
            program=self.sent.program,
            position=page[-1].position,
            collections={**self.sent.collections, **last_of_each},
            reach=self.sent.reach,
        )
        await self._note(self.sent)

    async def _note(self, sent: Sent) -> None:
        await asyncio.to_thread(self._positions.note, NAME, sent.model_dump_json())

    def _noted(self) -> Sent:
        noted = Sent.noted(self._positions)
        if noted is None:
            return Sent.nothing()
        if not self._past.is_mine(noted.reach):
            self._past.doubt(
                f"the log has another past than the one that was sent to the Database Service up to position "
                f"{noted.reach.position}, as after a restore",
                since=self._past.belief(),
            )
            return Sent.nothing()
        return noted if noted.program == fingerprint() else Sent.nothing(reach=noted.reach)
