"""The platform's Database Service: documents by collection and id, which those send who have them.

It is told by commands and asked by queries, all of them messages; this is what they look like. What arrived of
a collection is told by its position: everything that was sent of it up to there is in its rows.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from application.ports.read_models import Collection
from domain.kernel import Immutable

Mirrored = Literal[Collection.MODELS, Collection.VERSIONS, Collection.DATASETS, Collection.JOBS]
"""What the platform has agreed to keep; what else readers see here is seen here alone."""
MIRRORED: tuple[Mirrored, ...] = get_args(Mirrored)

STREAM = "DATABASE_COMMANDS"
"""Keeps the commands until they are carried out."""

SERVICE = "database"
"""Name of the service that answers, and of the consumer of commands."""

AFTER = "Database-After"
"""Header of a command: how far its collection was sent before it; without it everything before counts as sent.
Where something of that has not arrived, the collection's position waits for it."""

UPTO = "Database-Upto"
"""Header of a command: how far its collection is sent with it; without it up to the command's position. One event
changes several rows at times: of its position all but the last command are parts, told so (`41.1`: all up to 41,
and one part of what comes next)."""

REPLACES = "Database-Replaces"
"""Header of a command that mends: the row stands at this position, and is replaced also by what is older, or by a
document where what stands there is none. Where it goes back in this way, so does its collection's position."""

FIND_MAX = 1_000
"""A page has so many documents at most."""

_POSITION = Field(ge=1, lt=2**63)


class CommandKind(StrEnum):
    """What becomes of a row."""

    UPSERT = "upsert"
    DELETE = "delete"


class QueryKind(StrEnum):
    """What is asked."""

    GET = "get"
    FIND = "find"


def command_subject(collection: Collection | str, kind: CommandKind | str) -> str:
    """Return the subject of commands; wildcards may stand in for both."""
    return f"database.commands.{collection}.{kind}"


def query_subject(collection: Collection | str, kind: QueryKind | str) -> str:
    """Return the subject of queries; wildcards may stand in for both."""
    return f"database.queries.{collection}.{kind}"


class _Body(BaseModel):
    """JSON of a message; fields that a newer sender adds are passed over."""

    model_config = ConfigDict(frozen=True)


class Upsert(_Body):
    """Let the row be this document, unless it stands at a later position.

    Attributes:
        position: At which the document became so; one position means one document.
        document: All of it, `id` among its fields.
    """

    collection: Mirrored
    id: UUID
    position: int = _POSITION
    document: dict[str, Any]


class Delete(_Body):
    """Let there be no such row, unless it stands at a later position; that there is none has the position.

    Attributes:
        id: A UUID; what mends names a row as it is named there, whatever that is.
    """

    collection: Mirrored
    id: str
    position: int = _POSITION


class Get(_Body):
    """Ask for a row.

    Attributes:
        id: A UUID, or whatever a row is named that somebody has put there past the server.
    """

    id: str


class Row(_Body):
    """A row.

    Attributes:
        position: At which it became so; 0 where there never was one.
        document: None where there is none.
        damage: Why what stands there is no document; None where it is one, or there is no row.
    """

    position: int
    document: dict[str, Any] | None
    damage: str | None = None


class DamagedRow(_Body):
    """A row that somebody has changed past the server, so that it cannot be told.

    Attributes:
        id: Under which it stands.
        position: At which.
        damage: What is wrong with it.
    """

    id: str
    position: int
    damage: str


class Find(_Body):
    """Ask for rows.

    Attributes:
        filter: A condition as in lists over HTTP; all rows without.
        order_by: Sort keys as there; by id without.
        limit: At most so many documents; the answer may have less, as it must fit a message.
        after: `next_after` of the page before. Pages by id are exact whatever changes meanwhile; pages in
            another order count rows, of which one that moves may be seen twice or not at all.
    """

    filter: str | None = None
    order_by: str | None = None
    limit: int = Field(default=50, ge=0, le=FIND_MAX)
    after: str | None = None


class Found(_Body):
    """Rows, from one state of the collection.

    Attributes:
        position: Of the collection.
        documents: In order.
        next_after: How to ask for the next page; None where there is none.
        positions: Where each of the documents stands; None where the server does not tell.
        damaged: The rows of the page that are left out.
    """

    position: int
    documents: list[dict[str, Any]]
    next_after: str | None = None
    positions: list[int] | None = None
    damaged: list[DamagedRow] = []


class MirrorStatus(Immutable):
    """How far the Database Service has what our read models have, as the process sees it that leads.

    Attributes:
        sent: Everything up to this position of the log was sent, to be kept until it is carried out.
        confirmed: Everything up to this position has arrived; None while nobody has said so.
        head: Of the log; None while it cannot be read.
        lag: How many positions are yet to arrive; None while that is not known.
        is_reachable: Whether the Database Service answers.
        resent: How often this run went back, because what had been sent had not arrived or was gone.
        error: What is wrong, and what to do; None while all is well.
        failing_since: When that began.
    """

    sent: int = 0
    confirmed: int | None = None
    head: int | None = None
    lag: int | None = None
    is_reachable: bool = False
    resent: int = 0
    error: str | None = None
    failing_since: datetime | None = None
