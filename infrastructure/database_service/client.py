"""The Database Service as its clients reach it, whoever serves it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.micro.request import ERROR_CODE_HEADER, ERROR_HEADER
from pydantic import BaseModel, ValidationError

from application.mirroring import Change
from application.ports.metadata_store import (
    AFTER,
    FIND_MAX,
    MIRRORED,
    REPLACES,
    STREAM,
    UPTO,
    CommandKind,
    Find,
    Found,
    Get,
    QueryKind,
    Row,
    command_subject,
    query_subject,
)
from application.ports.read_models import Collection, Document
from infrastructure.database_service.arrivals import Mark
from infrastructure.messaging.pace import Pace
from infrastructure.read_models.contents import encoded

_ANSWER_S = 5.0
_ACKNOWLEDGED_S = 5.0
_ASKED_TOGETHER = 64
_WINDOW_MESSAGES = 64  # some milliseconds of work, between which the pace is kept
_WINDOW_BYTES = 4 * 1024 * 1024

Body = TypeVar("Body", bound=BaseModel)


class DatabaseServiceUnavailable(Exception):
    """The Database Service does not answer, or not with what was asked for."""


class Outgoing(NamedTuple):
    """A command as a message."""

    subject: str
    headers: Mapping[str, str]
    payload: bytes


class TheirRow(NamedTuple):
    """A row as the Database Service has it.

    Attributes:
        id: Under which it stands.
        position: At which.
        document: None where it cannot be told.
        damage: Why not; None where it can.
    """

    id: str
    position: int
    document: Document | None
    damage: str | None = None


class DatabaseClient:
    """Asks the Database Service.

    Args:
        client: The connection.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def get(self, collection: Collection, id: UUID | str) -> Row:  # noqa: A002 - the field's name
        """Return a row.

        Raises:
            DatabaseServiceUnavailable: It is not told.
        """
        return await self._ask(query_subject(collection, QueryKind.GET), Get(id=str(id)), Row)

    async def find(self, collection: Collection, question: Find) -> Found:
        """Return rows.

        Raises:
            DatabaseServiceUnavailable: They are not told.
        """
        return await self._ask(query_subject(collection, QueryKind.FIND), question, Found)

    async def rows(self, collection: Collection) -> AsyncIterator[TheirRow]:
        """Yield every row, by id.

        Raises:
            DatabaseServiceUnavailable: They are not told.
        """
        after: str | None = None
        while True:
            page = await self.find(collection, Find(limit=FIND_MAX, after=after))
            positions = page.positions
            if positions is None or len(positions) != len(page.documents):
                positions = await self._positions_of(collection, page.documents)
            rows = [
                TheirRow(str(document.get("id")), position, document)
                for position, document in zip(positions, page.documents, strict=True)
            ]
            rows += [TheirRow(each.id, each.position, None, each.damage) for each in page.damaged]
            for row in sorted(rows, key=attrgetter("id")):
                yield row
            if (after := page.next_after) is None:
                return

    async def positions(self) -> dict[Collection, int]:
        """Return how far each collection is.

        Raises:
            DatabaseServiceUnavailable: It is not told.
        """
        nothing = Find(limit=0)
        found = await asyncio.gather(*(self.find(collection, nothing) for collection in MIRRORED))
        return {collection: each.position for collection, each in zip(MIRRORED, found, strict=True)}

    async def is_empty(self) -> bool:
        """Return whether nothing has ever arrived.

        Raises:
            DatabaseServiceUnavailable: It is not told.
        """
        anything = Find(limit=1)
        found = await asyncio.gather(*(self.find(collection, anything) for collection in MIRRORED))
        return not any(each.position or each.documents for each in found)

    async def _positions_of(self, collection: Collection, documents: Sequence[Document]) -> list[int]:
        """Return where the documents stand, of a server that tells it of one row at a time."""
        ids = [str(each.get("id")) for each in documents]
        rows: list[Row] = []
        for start in range(0, len(ids), _ASKED_TOGETHER):
            together = ids[start : start + _ASKED_TOGETHER]
            rows += await asyncio.gather(*(self.get(collection, id_) for id_ in together))
        return [row.position for row in rows]

    async def _ask(self, subject: str, question: BaseModel, answer: type[Body]) -> Body:
        try:
            message = await self._client.request(
                subject, question.model_dump_json(exclude_none=True).encode(), timeout=_ANSWER_S
            )
            headers = message.headers or {}
            if ERROR_CODE_HEADER in headers:
                said = f"{headers.get(ERROR_HEADER)} ({headers[ERROR_CODE_HEADER]})"
                raise DatabaseServiceUnavailable(f"the Database Service says: {said}")
            return answer.model_validate_json(message.data)
        except NatsError as error:
            reason = str(error).removeprefix("nats: ")
            raise DatabaseServiceUnavailable(f"the Database Service does not answer: {reason}") from error
        except ValidationError as error:
            raise DatabaseServiceUnavailable(
                f"the Database Service answers {subject} with something else"
            ) from error


def outgoing(changes: Iterable[Change], *, sent: Mapping[Collection, int]) -> list[Outgoing]:
    """Return the commands for changes, each telling what precedes it.

    Args:
        changes: In the order of their positions.
        sent: The position of what was sent last of each collection; 0 where it is missing.
    """
    before = {collection: Mark(sent.get(collection, 0)) for collection in MIRRORED}
    commands = []
    for (position, collection), together in groupby(changes, key=lambda each: (each.position, each.collection)):
        parts = list(together)
        for number, change in enumerate(parts, start=1):
            upto = Mark(position) if number == len(parts) else Mark(position - 1, number)
            headers = {AFTER: str(before[collection])} | ({} if upto == Mark(position) else {UPTO: str(upto)})
            commands.append(_upsert(change, headers))
            before[collection] = upto
    return commands


def mending(
    collection: Collection,
    id: UUID | str,  # noqa: A002 - the field's name
    document: Document | None,
    *,
    at: int,
    replaces: int,
) -> Outgoing:
    """Return the command that lets a row be what it should be.

    Args:
        collection: Of the row.
        id: Of the row.
        document: What it should be; None for nothing.
        at: Since which position.
        replaces: Where the row stands.
    """
    headers = {REPLACES: str(replaces)}
    if document is not None:
        return _upsert(Change(collection, UUID(str(id)), at, document), headers)
    body = {"collection": collection, "id": str(id), "position": at}
    return Outgoing(command_subject(collection, CommandKind.DELETE), headers, encoded(body).encode())


async def send(js: JetStreamContext, commands: Sequence[Outgoing], *, pace: Pace) -> int:
    """Have the stream keep the commands; return the last one's place in it, 0 of none.

    Raises:
        NatsError: Not all are certain to be kept.
    """
    last = 0
    for window in _windows(commands):
        await pace.keep()
        # nothing by which the server would drop a command that it has seen: one that is sent again is meant so
        acknowledged = await asyncio.gather(
            *(
                js.publish(
                    each.subject, each.payload, stream=STREAM, headers=dict(each.headers), timeout=_ACKNOWLEDGED_S
                )
                for each in window
            )
        )
        last = max(last, *(each.seq for each in acknowledged))
    return last


def _upsert(change: Change, headers: Mapping[str, str]) -> Outgoing:
    body: dict[str, Any] = {
        "collection": change.collection.value,
        "id": str(change.id),
        "position": change.position,
        "document": change.document,
    }
    return Outgoing(command_subject(change.collection, CommandKind.UPSERT), headers, encoded(body).encode())


def _windows(commands: Iterable[Outgoing]) -> Iterator[Sequence[Outgoing]]:
    """Yield the commands in groups, each of which may be on its way at once."""
    window: list[Outgoing] = []
    size = 0
    for command in commands:
        if window and (len(window) == _WINDOW_MESSAGES or size + len(command.payload) > _WINDOW_BYTES):
            yield window
            window, size = [], 0
        window.append(command)
        size += len(command.payload)
    if window:
        yield window
