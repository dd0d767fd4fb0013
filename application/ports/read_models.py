"""What readers see: documents that follow from the log, each with the positions it held at."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from pydantic import Field

from application.ports.filters import Condition, Order
from domain.kernel import Immutable

PARKED_MAX = 1_000
"""So many events that cannot be read are told of at most."""

Document = Mapping[str, Any]
"""JSON values under the contract's names, `id` among them. Instants are RFC 3339 text in UTC."""


class Collection(StrEnum):
    """The kinds of documents."""

    MODELS = "models"
    VERSIONS = "model_versions"
    DATASETS = "datasets"
    JOBS = "training_jobs"
    BATCHES = "batch_predictions"


class FieldKind(StrEnum):
    """What a field holds, for filters and orders."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    KEYED = "keyed"
    """A free-form object: its keys are found by path (`metadata.team.name`), never the object itself."""


_T, _N, _I, _K = FieldKind.TEXT, FieldKind.NUMBER, FieldKind.INSTANT, FieldKind.KEYED

FIELDS: Mapping[Collection, Mapping[str, FieldKind]] = {
    Collection.MODELS: {
        "id": _T,
        "name": _T,
        "description": _T,
        "type": _T,
        "latest_version": _T,
        "production_version": _T,
        "aggregate_version": _N,
        "created_at": _I,
        "updated_at": _I,
        "retired_at": _I,
        "metadata": _K,
        "aliases": _K,
    },
    Collection.VERSIONS: {
        "id": _T,
        "model_id": _T,
        "version": _T,
        "status": _T,
        "artifact_url": _T,
        "training_job_id": _T,
        "dataset_id": _T,
        "dataset_sha256": _T,
        "source_url": _T,
        "created_at": _I,
        "updated_at": _I,
        "metrics": _K,
        "hyperparameters": _K,
        "verification": _K,
    },
    Collection.DATASETS: {
        "id": _T,
        "name": _T,
        "uri": _T,
        "format": _T,
        "sha256": _T,
        "size_bytes": _N,
        "rows": _N,
        "target": _T,
        "supersedes": _T,
        "series_id": _T,
        "generation": _N,
        "aggregate_version": _N,
        "created_at": _I,
        "retired_at": _I,
    },
    Collection.JOBS: {
        "id": _T,
        "model_id": _T,
        "dataset_id": _T,
        "status": _T,
        "progress": _N,
        "attempt": _N,
        "error": _T,
        "error_code": _T,
        "resulting_version_id": _T,
        "priority": _N,
        "retries": _T,
        "verifies": _T,
        "aggregate_version": _N,
        "created_at": _I,
        "started_at": _I,
        "finished_at": _I,
        "hyperparameters": _K,
        "metrics": _K,
    },
    Collection.BATCHES: {
        "id": _T,
        "model_id": _T,
        "version_id": _T,
        "version": _T,
        "dataset_id": _T,
        "dataset_sha256": _T,
        "explain": _T,
        "name": _T,
        "status": _T,
        "progress": _N,
        "rows": _N,
        "attempt": _N,
        "error": _T,
        "error_code": _T,
        "resulting_dataset_id": _T,
        "resulting_sha256": _T,
        "aggregate_version": _N,
        "created_at": _I,
        "started_at": _I,
        "finished_at": _I,
        "metadata": _K,
    },
}
"""The fields that filters and orders know. A document may have more (a dataset's schema), only to be read."""

VERSION_FIELDS_OF_A_MODEL = ("status", "version", "metrics", "hyperparameters")
"""A filter over models may speak of these, too: it holds for a model that has a version for which the
whole condition holds, so `metrics.auc > 0.9 AND status = 'production'` means one and the same version."""


class Query(Immutable):
    """A question over one collection.

    Attributes:
        collection: Which documents.
        where: Which of them; None for all.
        order_by: How to sort; by id where all else is equal.
        limit: At most so many documents.
        offset: After so many.
        at: As they were at this position; as they are, when it is not reached yet.
    """

    collection: Collection
    where: Condition | None = None
    order_by: tuple[Order, ...] = ()
    limit: int = Field(default=50, ge=0, lt=2**63)
    offset: int = Field(default=0, ge=0, lt=2**63)
    at: int = Field(ge=0, lt=2**63)


class Rows(Protocol):
    """The documents as they are while a page of events is applied."""

    def get(self, collection: Collection, id: UUID) -> Document | None:  # noqa: A002 - the field's name
        """Return a copy of the document, with what this page has put; None when there is none."""

    def put(self, collection: Collection, id: UUID, document: Document, *, position: int) -> None:  # noqa: A002
        """Let the document be this from the position on; what it was until then stays readable there.

        Of several at one position the last counts; an equal document changes nothing. It was created by an
        event: its `created_at` is no later than the latest instant that `happened` up to the position.

        Raises:
            ValueError: The position is not of this page or precedes an earlier one of the document; the
                document is not JSON, has another id, or a field holds another kind than `FIELDS` says.
        """

    def happened(self, instant: datetime, *, position: int) -> None:
        """Note the timestamp of the event at this position of the page."""

    def park(self, event: "ParkedEvent") -> None:
        """Note an event of the page that no projection can read."""


class ParkedEvent(Immutable):
    """An event that this program cannot read: the read models go on without it, and are made again by a
    program that can.

    Attributes:
        position: Where it is.
        topic: Under which it is stored.
        error: Why it cannot be read.
    """

    position: int
    topic: str
    error: str


class ReadModels(Protocol):
    """Documents, each row with the positions from and to which it held, in one transaction with the
    position that they are at."""

    def position(self) -> int:
        """Return the position of the last event applied; 0 before the first."""

    def get(self, collection: Collection, id: UUID, *, at: int | None = None) -> Document | None:  # noqa: A002
        """Return the document as it was at the position (now, when None); None when there was none."""

    def changed_at(self, collection: Collection, id: UUID, *, upto: int) -> list[int]:  # noqa: A002
        """Return the positions up to and with `upto` at which the document became another, the first one
        being where it began; empty when there was none."""

    def position_at(self, instant: datetime) -> int:
        """Return the last position applied up to which every event's timestamp is at or before the instant;
        0 when the first is later. Timestamps are not monotonic in position: it is their running maximum that
        counts.
        """

    def parked(self) -> list[ParkedEvent]:
        """Return the events that could not be read, in position order, at most a thousand."""

    def find(self, query: Query) -> list[Document]:
        """Return the documents that the query asks for, in its order.

        Raises:
            InvalidInput: The collection has no such field to filter or order by, or never holds such a value.
            ReadTooLong: The answer takes more time than a reader is given.
        """

    def page(self, *, after: int, upto: int) -> AbstractContextManager[Rows]:
        """Apply a page of events: all that is put inside, and the position `upto`, or nothing.

        Raises:
            PositionTaken: The position is not `after` any more: another process has applied the page.
        """


class PositionTaken(Exception):
    """Another process has moved the read models on."""


class ReadTooLong(Exception):
    """A question took more time than one may: asked with less to look through, it may be answered."""


Project = Callable[[Any, int, Rows], None]
"""A projection: puts into the rows what an event at a position changes."""
