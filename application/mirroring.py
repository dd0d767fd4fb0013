"""What a page of events changes of the documents, for whoever keeps copies of them elsewhere."""

from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from application.ports.event_log import Recorded
from application.ports.metadata_store import MIRRORED
from application.ports.read_models import Collection, Document, ParkedEvent, Project, ReadModels
from domain.kernel import UnknownEvent


class Change(NamedTuple):
    """A document that was put, be it as it was before.

    Attributes:
        collection: Of the document.
        id: Of the document.
        position: Of the event that it follows from.
        document: What it is.
    """

    collection: Collection
    id: UUID
    position: int
    document: Document


def changes(
    page: Sequence[Recorded], *, after: int, read_models: ReadModels, projections: Sequence[Project]
) -> list[Change]:
    """Return the mirrored documents that the page puts, as they are at its end, in the order of their last change.

    They follow from the documents before the page by the very projections that the read models follow by. An
    event that this program cannot read changes nothing, as there.

    Args:
        page: Events that follow each other.
        after: The position before the page.
        read_models: At that position or beyond.
        projections: What follows from an event.
    """
    rows = _Rows(read_models, at=after)
    for recorded in page:
        if not isinstance(recorded.event, UnknownEvent):
            for project in projections:
                project(recorded.event, recorded.position, rows)
    mirrored = (change for change in rows.changes.values() if change.collection in MIRRORED)
    return sorted(mirrored, key=lambda change: (change.position, change.collection, change.id))


class _Rows:
    """Documents as they were, and what a page puts over them."""

    def __init__(self, read_models: ReadModels, *, at: int) -> None:
        self._read_models = read_models
        self._at = at
        self.changes: dict[tuple[Collection, UUID], Change] = {}

    def get(self, collection: Collection, id: UUID) -> Document | None:  # noqa: A002 - the field's name
        change = self.changes.get((collection, id))
        if change is None:
            return self._read_models.get(collection, id, at=self._at)
        return deepcopy(change.document)

    def put(self, collection: Collection, id: UUID, document: Document, *, position: int) -> None:  # noqa: A002
        self.changes[collection, id] = Change(collection, id, position, document)

    def happened(self, instant: datetime, *, position: int) -> None:
        pass

    def park(self, event: ParkedEvent) -> None:
        pass
