"""How the documents of batch predictions follow from events."""

from collections.abc import Iterable
from functools import singledispatch
from typing import Any

from application.batches.views import requested_view
from application.ports.read_models import Collection, Document, Rows
from application.views import instant_text
from domain.batches.events import (
    BatchPredictionCancellationRequested,
    BatchPredictionCancelled,
    BatchPredictionCompleted,
    BatchPredictionEvent,
    BatchPredictionFailed,
    BatchPredictionInterrupted,
    BatchPredictionProgressed,
    BatchPredictionRequested,
    BatchPredictionStarted,
)
from domain.jobs.values import JobStatus
from domain.kernel import DomainEvent


def project(event: DomainEvent, position: int, rows: Rows) -> None:
    """Put what the event changes of its job."""
    if not isinstance(event, BatchPredictionEvent):
        return
    before = None
    if not isinstance(event, BatchPredictionRequested):
        before = rows.get(Collection.BATCHES, event.originator_id)
    rows.put(Collection.BATCHES, event.originator_id, after(before, event), position=position)


def after(document: Document | None, event: BatchPredictionEvent) -> Document:
    """Return the job's document after the event; there is none before `batch-prediction.requested`."""
    if isinstance(event, BatchPredictionRequested):
        return requested_view(event).model_dump(mode="json")
    return {**(document or {}), "aggregate_version": event.originator_version, **_changes(event)}


def fold(events: Iterable[BatchPredictionEvent]) -> Document:
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
def _(event: BatchPredictionStarted) -> dict[str, Any]:
    at = instant_text(event.provenance.timestamp)
    return {
        "status": JobStatus.RUNNING.value,
        "attempt": event.attempt,
        "started_at": at,
        "progress": 0,
        "rows": 0,
    }


@_changes.register
def _(event: BatchPredictionProgressed) -> dict[str, Any]:
    return {"progress": event.progress, "rows": event.rows}


@_changes.register
def _(_event: BatchPredictionInterrupted) -> dict[str, Any]:
    return {"status": JobStatus.PENDING.value, "progress": 0, "rows": 0}


@_changes.register
def _(event: BatchPredictionCompleted) -> dict[str, Any]:
    return {
        "status": JobStatus.COMPLETED.value,
        "progress": 100,
        "rows": event.rows,
        "name": event.name,
        "finished_at": instant_text(event.provenance.timestamp),
        "resulting_dataset_id": str(event.dataset_id),
        "resulting_sha256": event.sha256,
    }


@_changes.register
def _(event: BatchPredictionFailed) -> dict[str, Any]:
    return {
        "status": JobStatus.FAILED.value,
        "finished_at": instant_text(event.provenance.timestamp),
        "error": event.error,
        "error_code": event.code,
    }


@_changes.register
def _(_event: BatchPredictionCancellationRequested) -> dict[str, Any]:
    return {"is_cancellation_requested": True}


@_changes.register
def _(event: BatchPredictionCancelled) -> dict[str, Any]:
    return {
        "status": JobStatus.CANCELLED.value,
        "finished_at": instant_text(event.provenance.timestamp),
    }
