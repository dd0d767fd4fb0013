"""What is not the same on both sides, in words and as the command that makes good for it."""

from enum import StrEnum
from typing import NamedTuple
from uuid import UUID, uuid4

from application.ports.read_models import Collection, Document
from infrastructure.database_service.client import Outgoing, mending


class Kind(StrEnum):
    """How a row is not what it should be."""

    MISSING = "is missing in the Database Service"
    FOREIGN = "is in the Database Service only"
    DIFFERENT = "differs in the Database Service"
    AHEAD = "is ahead of the log in the Database Service"
    DAMAGED = "is damaged in the Database Service"


class Difference(NamedTuple):
    """A row that is not what readers see here.

    Attributes:
        collection: Of the row.
        id: Of the row; no UUID where somebody has put there what never was a row.
        kind: How it differs.
        stands_at: The position of the row there.
        document: What it should be; None for nothing.
        since: Since which position it should be so.
        details: Which of its fields differ, or what is damaged.
    """

    collection: Collection
    id: UUID | str
    kind: Kind
    stands_at: int
    document: Document | None
    since: int
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f"position {self.since}: {self.collection} {self.id} {self.kind}"
        return f"{where} ({', '.join(self.details)})" if self.details else where

    def mended(self) -> Outgoing:
        """Return the command that makes good for it."""
        return mending(self.collection, self.id, self.document, at=self.since, replaces=self.stands_at)


class Ahead(NamedTuple):
    """A collection that says that it has what the log has not, so that nobody would see what it lacks.

    Attributes:
        collection: Which one.
        stands_at: The position that it tells.
        since: The position that it can have at most.
    """

    collection: Collection
    stands_at: int
    since: int

    def __str__(self) -> str:
        says = f"{self.collection} is told to have everything up to position {self.stands_at}"
        return f"position {self.since}: {says} in the Database Service, which is ahead of the log"

    def mended(self) -> Outgoing:
        """Return the command that makes good for it: it says of a row that never was that it was ahead."""
        return mending(self.collection, uuid4(), None, at=self.since, replaces=self.stands_at)


Finding = Difference | Ahead
