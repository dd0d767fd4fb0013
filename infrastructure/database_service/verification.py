"""Both sides row by row: what the Database Service has, and what readers see here."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from uuid import UUID

from nats.aio.client import Client

from application.ports.event_log import EventLog
from application.ports.filters import Comparison, FieldPath, Operator
from application.ports.metadata_store import MIRRORED, Find, Row
from application.ports.progress import ReadModelProgress
from application.ports.read_models import Collection, Document, Query, ReadModels
from infrastructure.database_service.client import DatabaseClient, TheirRow, send
from infrastructure.database_service.damage import canonical
from infrastructure.database_service.findings import Ahead, Difference, Finding, Kind
from infrastructure.messaging.pace import Pace
from infrastructure.read_models.contents import encoded, says_the_same

_PAGE = 500
_LOOK_EVERY_S = 0.2
_FIELDS_NAMED_MAX = 5
_REPAIRED_TOGETHER = 1_000

OnRow = Callable[[str, int], None]
"""Told of which collection how many rows were compared."""


class Verification:
    """Compares the Database Service with the read models at one position, and repairs what differs.

    Commands may come and be carried out meanwhile: a row that has moved on is compared where it stands.

    Args:
        client: The connection.
        log: That the read models follow.
        read_models: What readers see.
        progress: Tells how far the read models are.
        at: The position, which the read models have reached.
    """

    def __init__(
        self, client: Client, *, log: EventLog, read_models: ReadModels, progress: ReadModelProgress, at: int
    ) -> None:
        self._client = client
        self._service = DatabaseClient(client)
        self._log = log
        self._read_models = read_models
        self._progress = progress
        self._at = at

    async def differences(self, *, on_row: OnRow = lambda _collection, _count: None) -> AsyncIterator[Finding]:
        """Yield what is not the same on both sides.

        Raises:
            DatabaseServiceUnavailable: It does not answer.
        """
        for collection in MIRRORED:
            count = 0
            async for id_, ours, theirs in _side_by_side(self._ours(collection), self._service.rows(collection)):
                count += 1
                on_row(collection.value, count)
                if not self._is_well(ours, theirs) and (found := await self._difference(collection, id_)):
                    yield found
            if (ahead := await self._ahead(collection)) is not None:
                yield ahead

    async def repair(self, differences: Sequence[Finding], *, within_s: float) -> list[Finding]:
        """Send what makes good for the differences, and return those that are left after a while.

        Raises:
            DatabaseServiceUnavailable: It does not answer.
            NatsError: The commands are not kept.
        """
        js = self._client.jetstream()
        for start in range(0, len(differences), _REPAIRED_TOGETHER):
            page = [each.mended() for each in differences[start : start + _REPAIRED_TOGETHER]]
            await send(js, page, pace=Pace())
        left = list(differences)
        end = time.monotonic() + within_s
        while left and time.monotonic() < end:
            await asyncio.sleep(_LOOK_EVERY_S)
            looked_at = [await self._look_again(each) for each in left]
            left = [each for each in looked_at if each is not None]
        return left

    async def _look_again(self, finding: Finding) -> Finding | None:
        if isinstance(finding, Ahead):
            return await self._ahead(finding.collection)
        return await self._difference(finding.collection, str(finding.id))

    def _is_well(self, ours: Document | None, theirs: TheirRow | None) -> bool:
        if ours is None or theirs is None or theirs.document is None:
            return False
        return theirs.position <= self._at and _is_same(ours, theirs.document)

    async def _difference(self, collection: Collection, id_: str) -> Difference | None:
        """Return how the row differs when it is looked at by itself, where it stands; None when it does not."""
        theirs = await self._service.get(collection, id_)
        at = max(self._at, theirs.position)
        if theirs.position > self._at and not await self._is_reached(theirs.position):
            at = self._at
        row_id: UUID | str = id_
        ours: Document | None = None
        changed_at: Sequence[int] = ()
        if canonical(id_) == id_:
            row_id = UUID(id_)
            ours = await asyncio.to_thread(self._read_models.get, collection, row_id, at=at)
            changed_at = await asyncio.to_thread(self._read_models.changed_at, collection, row_id, upto=at)
        kind = _kind(ours, theirs, is_ahead=theirs.position > at)
        if kind is None:
            return None
        since = changed_at[-1] if changed_at else max(1, min(theirs.position, at))
        details = _differing(ours, theirs.document) if kind is Kind.DIFFERENT else ()
        if theirs.damage is not None:
            details = (theirs.damage,)
        return Difference(collection, row_id, kind, theirs.position, ours, since, details)

    async def _ahead(self, collection: Collection) -> Ahead | None:
        """Return how far the collection claims to be beyond the log; None where it does not."""
        most = max(1, self._at)  # no row can go back behind the first position
        position = (await self._service.find(collection, Find(limit=0))).position
        if position <= most or await self._is_reached(position):
            return None
        return Ahead(collection, position, most)

    async def _is_reached(self, position: int) -> bool:
        """Return whether the log has such a position, once the read models have it, too."""
        while await asyncio.to_thread(self._log.head) >= position:
            if await self._progress.wait_until(position, 1.0):
                return True
        return False

    async def _ours(self, collection: Collection) -> AsyncIterator[Document]:
        """Yield the documents as they were at the position, by id."""
        beyond: Comparison | None = None
        while True:
            query = Query(collection=collection, where=beyond, limit=_PAGE, at=self._at)
            page = await asyncio.to_thread(self._read_models.find, query)
            for document in page:
                yield document
            if len(page) < _PAGE:
                return
            beyond = Comparison(field=FieldPath(root="id"), operator=Operator.GT, literal=page[-1]["id"])


async def _side_by_side(
    ours: AsyncIterator[Document], theirs: AsyncIterator[TheirRow]
) -> AsyncIterator[tuple[str, Document | None, TheirRow | None]]:
    """Yield each id of two sides that are sorted by id, and what both have under it."""
    own, other = await anext(ours, None), await anext(theirs, None)
    while own is not None or other is not None:
        if other is None or (own is not None and own["id"] < other.id):
            assert own is not None
            yield own["id"], own, None
            own = await anext(ours, None)
        elif own is None or other.id < own["id"]:
            yield other.id, None, other
            other = await anext(theirs, None)
        else:
            yield other.id, own, other
            own, other = await anext(ours, None), await anext(theirs, None)


def _is_same(one: Document, other: Document) -> bool:
    return says_the_same(encoded(one), encoded(other))


def _kind(ours: Document | None, theirs: Row, *, is_ahead: bool) -> Kind | None:
    if theirs.damage is not None:
        return Kind.DAMAGED
    if ours is None and theirs.document is None:
        return None  # of what never was here, nothing can stand in the way
    if is_ahead:
        return Kind.AHEAD
    if ours is None:
        return Kind.FOREIGN
    if theirs.document is None:
        return Kind.MISSING
    return None if _is_same(ours, theirs.document) else Kind.DIFFERENT


def _differing(ours: Document | None, theirs: Document | None) -> tuple[str, ...]:
    one, other = ours or {}, theirs or {}
    names = [
        name
        for name in dict.fromkeys((*one, *other))
        if name not in one or name not in other or not _is_same({"": one[name]}, {"": other[name]})
    ]
    more = len(names) - _FIELDS_NAMED_MAX
    return (*names[:_FIELDS_NAMED_MAX], *([f"and {more} more"] if more > 0 else []))
