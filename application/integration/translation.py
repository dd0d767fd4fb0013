"""From what happened here to what neighbours are told: but for models, no other place knows both vocabularies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, get_args

from application.integration import dataset_events as of_datasets
from application.integration import training_events as of_training
from application.integration.contracts import DATA_MAX_BYTES, PUBLIC_EVENTS, SOURCE, IntegrationEvent
from application.integration.event_data import EventData
from application.integration.model_translations import OF_MODELS
from application.ports.event_log import Recorded
from domain.batches.events import BatchPredictionEvent
from domain.commands import CommandCompleted
from domain.datasets.events import (
    DatasetNameReleased,
    DatasetNameReserved,
    DatasetRegistered,
    DatasetRetired,
)
from domain.kernel import DomainEvent, require_known
from domain.models.events import ModelNameReleased, ModelNameReserved
from domain.training.events import (
    TrainingJobCancellationRequested,
    TrainingJobCancelled,
    TrainingJobCompleted,
    TrainingJobFailed,
    TrainingJobInterrupted,
    TrainingJobProgressed,
    TrainingJobRequested,
    TrainingJobStarted,
)

_BY_DATA = {each.data: each for each in PUBLIC_EVENTS.values()}


@dataclass(frozen=True)
class Private:
    """Nobody else is told of such events.

    Attributes:
        reason: Why.
    """

    reason: str


Tell = Callable[[Any], EventData]

_NAME_OF_MODEL = Private("Says again what model.registered, model.renamed and model.retired say.")
_BATCH = Private("Who asked for it waits for it; the dataset that results is told of as any other.")
_NAME_OF_DATASET = Private("Says again what dataset.registered and dataset.retired say.")


def translate(recorded: Recorded, *, data_max_bytes: int = DATA_MAX_BYTES) -> IntegrationEvent | None:
    """Return what neighbours are told of an event; None where it is private.

    Args:
        recorded: The event.
        data_max_bytes: Larger data are told of without their large fields, and with where to find them.

    Raises:
        UnreadableHistory: This program cannot read the event: nobody knows whether it is public.
    """
    event = recorded.event
    require_known(event)
    tell = TRANSLATIONS[type(event)]
    if isinstance(tell, Private):
        return None
    data = tell(event)
    public = _BY_DATA[type(data)]
    attributes = _attributes(recorded, public.type)
    body = data.__pydantic_serializer__.to_json(data, by_alias=True)
    if len(body) > data_max_bytes and public.large:
        compact = data.model_copy(update=dict.fromkeys(public.large))
        body = compact.__pydantic_serializer__.to_json(compact, by_alias=True)
        path = public.path.format_map(data.model_dump(mode="json", exclude=set(public.large)))
        attributes["dataref"] = f"{path}?as_of={recorded.position}"
    return IntegrationEvent(subject=public.subject, attributes=attributes, data=body)


def _attributes(recorded: Recorded, type_: str) -> dict[str, str | datetime]:
    event, provenance = recorded.event, recorded.event.provenance
    attributes: dict[str, str | datetime] = {
        "specversion": "1.0",
        "id": str(event.event_id),
        "source": SOURCE,
        "type": type_,
        "subject": str(event.originator_id),
        "time": provenance.timestamp,
        "datacontenttype": "application/json",
        "sequence": f"{recorded.position:020}",
        "correlationid": provenance.correlation_id,
        "authtype": "unknown",  # the extension demands it beside `authid`; only the log's reader could tell
        "authid": provenance.actor,
    }
    if provenance.causation_id is not None:
        attributes["causationid"] = str(provenance.causation_id)
    return attributes


def _dataset_registered(event: DatasetRegistered) -> of_datasets.DatasetRegisteredData:
    contents = event.contents
    return of_datasets.DatasetRegisteredData(
        dataset_id=event.originator_id,
        name=event.name,
        uri=event.uri,
        format=contents.format,
        sha256=contents.sha256,
        size_bytes=contents.size_bytes,
        rows=contents.rows,
        target=event.target,
        supersedes=event.supersedes,
        columns=[
            of_datasets.ColumnData(name=each.name, type=each.type, missing=each.missing)
            for each in contents.columns
        ],
    )


def _dataset_retired(event: DatasetRetired) -> of_datasets.DatasetRetiredData:
    return of_datasets.DatasetRetiredData(dataset_id=event.originator_id, name=event.name)


def _job_requested(event: TrainingJobRequested) -> of_training.TrainingJobRequestedData:
    plan = event.plan
    return of_training.TrainingJobRequestedData(
        training_job_id=event.originator_id,
        model_id=event.model_id,
        model_type=plan.model_type,
        dataset_id=plan.dataset_id,
        dataset_sha256=plan.contents.sha256,
        target="" if plan.target is None else plan.target.name,
        hyperparameters=event.hyperparameters,
    )


def _job_started(event: TrainingJobStarted) -> of_training.TrainingJobStartedData:
    return of_training.TrainingJobStartedData(
        training_job_id=event.originator_id, attempt=event.attempt, worker=event.worker
    )


def _job_progressed(event: TrainingJobProgressed) -> of_training.TrainingJobProgressedData:
    return of_training.TrainingJobProgressedData(
        training_job_id=event.originator_id,
        attempt=event.attempt,
        progress=event.progress,
        iteration=event.iteration,
        metrics=event.metrics,
    )


def _job_interrupted(event: TrainingJobInterrupted) -> of_training.TrainingJobInterruptedData:
    return of_training.TrainingJobInterruptedData(
        training_job_id=event.originator_id, attempt=event.attempt, cause=event.cause
    )


def _job_completed(event: TrainingJobCompleted) -> of_training.TrainingJobCompletedData:
    trained = event.trained
    return of_training.TrainingJobCompletedData(
        training_job_id=event.originator_id,
        attempt=event.attempt,
        resulting_version_id=event.version_id,
        resulting_version=event.version,
        artifact_url=trained.artifact_url,
        metrics=trained.metrics,
        best_iteration=trained.best_iteration,
        duration_s=trained.duration_s,
    )


def _job_failed(event: TrainingJobFailed) -> of_training.TrainingJobFailedData:
    return of_training.TrainingJobFailedData(
        training_job_id=event.originator_id, attempt=event.attempt, error_code=event.code, error=event.error
    )


def _job_cancellation_requested(
    event: TrainingJobCancellationRequested,
) -> of_training.TrainingJobCancellationRequestedData:
    return of_training.TrainingJobCancellationRequestedData(training_job_id=event.originator_id)


def _job_cancelled(event: TrainingJobCancelled) -> of_training.TrainingJobCancelledData:
    return of_training.TrainingJobCancelledData(training_job_id=event.originator_id)


TRANSLATIONS: Mapping[type[DomainEvent], Tell | Private] = MappingProxyType(
    {
        **OF_MODELS,
        ModelNameReserved: _NAME_OF_MODEL,
        ModelNameReleased: _NAME_OF_MODEL,
        DatasetRegistered: _dataset_registered,
        DatasetRetired: _dataset_retired,
        DatasetNameReserved: _NAME_OF_DATASET,
        DatasetNameReleased: _NAME_OF_DATASET,
        TrainingJobRequested: _job_requested,
        TrainingJobStarted: _job_started,
        TrainingJobProgressed: _job_progressed,
        TrainingJobInterrupted: _job_interrupted,
        TrainingJobCompleted: _job_completed,
        TrainingJobFailed: _job_failed,
        TrainingJobCancellationRequested: _job_cancellation_requested,
        TrainingJobCancelled: _job_cancelled,
        **dict.fromkeys(get_args(BatchPredictionEvent), _BATCH),
        CommandCompleted: Private("An idempotency record: how this service answered one request."),
    }
)
"""Every domain event, and what neighbours are told of it."""
