"""How the documents of jobs follow from events."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, assert_never

from application.jobs.views import JobResponse
from application.ports.read_models import Collection, Document, Rows
from application.views import instant_text
from domain.jobs.events import (
    JobCancellationRequested,
    JobCancelled,
    JobChanged,
    JobCompleted,
    JobFailed,
    JobInterrupted,
    JobProgressed,
    JobStarted,
)
from domain.jobs.job import AnyJob
from domain.jobs.values import JobStatus
from domain.kernel import DomainEvent

AnyJobResponse = TypeVar("AnyJobResponse", bound=JobResponse)


@dataclass(frozen=True, kw_only=True)
class JobDocuments(Generic[AnyJob, AnyJobResponse]):
    """The documents of jobs of one kind.

    Attributes:
        of: The class of the jobs.
        collection: Where they are.
        view: What readers see of one.
        requested: Returns it for a job that has just been asked for.
        changes: Returns what an event changes of the fields that only jobs of this kind have.
    """

    of: type[AnyJob]
    collection: Collection
    view: type[AnyJobResponse]
    requested: Callable[[Any], AnyJobResponse]
    changes: Callable[[JobChanged], dict[str, Any]]

    def project(self, event: DomainEvent, position: int, rows: Rows) -> None:
        """Put what the event changes of its job."""
        if not isinstance(event, self.of.KIND.events):
            return
        is_new = isinstance(event, self.of.KIND.requested)
        before = None if is_new else rows.get(self.collection, event.originator_id)
        rows.put(self.collection, event.originator_id, self._after(before, event), position=position)

    def view_of(self, history: Iterable[DomainEvent]) -> AnyJobResponse:
        """Return what a reader sees of the job with all these events."""
        document: Document | None = None
        for event in history:
            document = self._after(document, event)
        return self.view.model_validate(document)

    def _after(self, before: Document | None, event: Any) -> Document:
        if isinstance(event, self.of.KIND.requested):
            return self.requested(event).model_dump(mode="json")
        at = {"aggregate_version": event.originator_version}
        return {**(before or {}), **at, **_changes(event), **self.changes(event)}


def _changes(event: JobChanged) -> dict[str, Any]:
    at = instant_text(event.provenance.timestamp)
    changes: dict[str, Any]
    match event:
        case JobStarted():
            changes = {
                "status": JobStatus.RUNNING.value,
                "progress": 0,
                "attempt": event.attempt,
                "started_at": at,
            }
        case JobProgressed():
            changes = {"progress": event.progress}
        case JobInterrupted():
            changes = {"status": JobStatus.PENDING.value, "progress": 0}
        case JobCompleted():
            changes = {"status": JobStatus.COMPLETED.value, "progress": 100, "finished_at": at}
        case JobFailed():
            changes = {"status": JobStatus.FAILED.value, "finished_at": at}
            changes |= {"error": event.error, "error_code": event.code}
        case JobCancellationRequested():
            changes = {"is_cancellation_requested": True}
        case JobCancelled():
            changes = {"status": JobStatus.CANCELLED.value, "finished_at": at}
        case _:
            assert_never(event)
    return changes
