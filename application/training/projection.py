"""How the documents of training jobs follow from events."""

from collections.abc import Iterable
from functools import singledispatch
from typing import Any

from application.ports.read_models import Collection, Document, Rows
from application.training.views import requested_view
from application.views import instant_text
from domain.jobs.values import JobStatus
from domain.kernel import DomainEvent
from domain.training.events import (
    TrainingJobCancellationRequested,
    TrainingJobCancelled,
    TrainingJobCompleted,
    TrainingJobEvent,
    TrainingJobFailed,
    TrainingJobInterrupted,
    TrainingJobProgressed,
    TrainingJobRequested,
    TrainingJobStarted,
)


def project(event: DomainEvent, position: int, rows: Rows) -> None:
    """Put what the event changes of its job."""
    if not isinstance(event, TrainingJobEvent):
        return
    before = None
    if not isinstance(event, TrainingJobRequested):
        before = rows.get(Collection.JOBS, event.originator_id) or {}
    rows.put(Collection.JOBS, event.originator_id, after(before, event), position=position)


def after(document: Document | None, event: TrainingJobEvent) -> Document:
    """Return the job's document after the event; there is none before `training-job.requested`."""
    if isinstance(event, TrainingJobRequested):
        return requested_view(event).model_dump(mode="json")
    return {**(document or {}), "aggregate_version": event.originator_version, **_changes(event)}


def fold(events: Iterable[TrainingJobEvent]) -> Document:
    """Return the document of a job from all its events."""
    document: Document | None = None
    for event in events:
        document = after(document, event)
    return document or {}


@singledispatch
def _changes(event: Any) -> dict[str, Any]:
    msg = f"no projection of {type(event).__qualname__}"
    raise TypeError(msg)


@_changes.register
def _(event: TrainingJobStarted) -> dict[str, Any]:
    at = instant_text(event.provenance.timestamp)
    return {
        "status": JobStatus.RUNNING.value,
        "attempt": event.attempt,
        "started_at": at,
        "progress": 0,
        "metrics": {},
    }


@_changes.register
def _(event: TrainingJobProgressed) -> dict[str, Any]:
    return {"progress": event.progress, "metrics": event.metrics}


@_changes.register
def _(event: TrainingJobInterrupted) -> dict[str, Any]:
    return {"status": JobStatus.PENDING.value, "progress": 0}


@_changes.register
def _(event: TrainingJobCompleted) -> dict[str, Any]:
    return {
        "status": JobStatus.COMPLETED.value,
        "progress": 100,
        "finished_at": instant_text(event.provenance.timestamp),
        "resulting_version_id": str(event.version_id),
        "resulting_version": event.version,
        "metrics": event.trained.metrics,
    }


@_changes.register
def _(event: TrainingJobFailed) -> dict[str, Any]:
    return {
        "status": JobStatus.FAILED.value,
        "finished_at": instant_text(event.provenance.timestamp),
        "error": event.error,
        "error_code": event.code,
    }


@_changes.register
def _(event: TrainingJobCancellationRequested) -> dict[str, Any]:
    return {"is_cancellation_requested": True}


@_changes.register
def _(event: TrainingJobCancelled) -> dict[str, Any]:
    return {
        "status": JobStatus.CANCELLED.value,
        "finished_at": instant_text(event.provenance.timestamp),
    }
