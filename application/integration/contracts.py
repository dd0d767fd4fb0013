"""Every type of event that this service publishes, on which subject, and what its data look like."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from application.integration.dataset_events import DatasetRegisteredData, DatasetRetiredData
from application.integration.event_data import EventData
from application.integration.model_events import (
    ModelAliasAssignedData,
    ModelAliasRemovedData,
    ModelDescribedData,
    ModelRegisteredData,
    ModelRenamedData,
    ModelRetiredData,
    ModelVersionRegisteredData,
    ModelVersionStatusChangedData,
    ModelVersionVerifiedData,
)
from application.integration.training_events import (
    TrainingJobCancellationRequestedData,
    TrainingJobCancelledData,
    TrainingJobCompletedData,
    TrainingJobFailedData,
    TrainingJobInterruptedData,
    TrainingJobProgressedData,
    TrainingJobRequestedData,
    TrainingJobStartedData,
)

STREAM = "ML_EVENTS"
SUBJECTS = "events.ml.>"
SOURCE = "/machine-learning-service"
"""With an event's id, what makes it unique among all services' events."""

DATA_MAX_BYTES = 64 * 1024
"""Larger data are published without what makes them large: a message is kept for ever, and copied to whoever
listens."""

_MODEL = "/api/v1/models/{model_id}"
_VERSION = _MODEL + "/versions/{version_id}"
_DATASET = "/api/v1/datasets/{dataset_id}"
_JOB = "/api/v1/training-jobs/{training_job_id}"


DataForm = type[EventData]


@dataclass(frozen=True, kw_only=True)
class PublicEvent:
    """One type of public event.

    Attributes:
        type: Its name as a CloudEvent, with the version of its data's form.
        subject: Of NATS.
        data: The form of its data.
        large: Fields of the data that are null where the data are too large.
        path: Where the API serves what the data tell of, with fields of theirs as placeholders.
    """

    type: str
    subject: str
    data: DataForm
    large: tuple[str, ...] = ()
    path: str

    @property
    def description(self) -> str:
        """When such an event is published, as what is true since."""
        return (self.data.__doc__ or "").partition("\n")[0]


@dataclass(frozen=True, kw_only=True)
class IntegrationEvent:
    """A public event, ready to be published.

    Attributes:
        subject: Of NATS.
        attributes: Of the CloudEvent; `id`, `source`, `type` and `specversion` are always there.
        data: JSON of its type's form.
    """

    subject: str
    attributes: Mapping[str, str | datetime]
    data: bytes


def _by_type(events: Iterable[PublicEvent]) -> Mapping[str, PublicEvent]:
    return MappingProxyType({each.type: each for each in events})


PUBLIC_EVENTS = _by_type(
    (
        PublicEvent(
            type="ml.model.registered.v1",
            subject="events.ml.model.registered",
            data=ModelRegisteredData,
            large=("metadata",),
            path=_MODEL,
        ),
        PublicEvent(
            type="ml.model.described.v1",
            subject="events.ml.model.described",
            data=ModelDescribedData,
            large=("metadata",),
            path=_MODEL,
        ),
        PublicEvent(
            type="ml.model.renamed.v1", subject="events.ml.model.renamed", data=ModelRenamedData, path=_MODEL
        ),
        PublicEvent(
            type="ml.model.version_registered.v1",
            subject="events.ml.model.version_registered",
            data=ModelVersionRegisteredData,
            large=("hyperparameters", "metrics"),
            path=_VERSION,
        ),
        PublicEvent(
            type="ml.model.version_status_changed.v1",
            subject="events.ml.model.version_status_changed",
            data=ModelVersionStatusChangedData,
            path=_VERSION,
        ),
        PublicEvent(
            type="ml.model.version_verified.v1",
            subject="events.ml.model.version_verified",
            data=ModelVersionVerifiedData,
            large=("differences",),
            path=_VERSION,
        ),
        PublicEvent(
            type="ml.model.alias_assigned.v1",
            subject="events.ml.model.alias_assigned",
            data=ModelAliasAssignedData,
            path=_VERSION,
        ),
        PublicEvent(
            type="ml.model.alias_removed.v1",
            subject="events.ml.model.alias_removed",
            data=ModelAliasRemovedData,
            path=_VERSION,
        ),
        PublicEvent(
            type="ml.model.retired.v1", subject="events.ml.model.retired", data=ModelRetiredData, path=_MODEL
        ),
        PublicEvent(
            type="ml.dataset.registered.v1",
            subject="events.ml.dataset.registered",
            data=DatasetRegisteredData,
            large=("columns", "uri"),
            path=_DATASET,
        ),
        PublicEvent(
            type="ml.dataset.retired.v1",
            subject="events.ml.dataset.retired",
            data=DatasetRetiredData,
            path=_DATASET,
        ),
        PublicEvent(
            type="ml.training_job.requested.v1",
            subject="events.ml.training_job.requested",
            data=TrainingJobRequestedData,
            large=("hyperparameters",),
            path=_JOB,
        ),
        PublicEvent(
            type="ml.training_job.started.v1",
            subject="events.ml.training_job.started",
            data=TrainingJobStartedData,
            path=_JOB,
        ),
        PublicEvent(
            type="ml.training_job.progressed.v1",
            subject="events.ml.training_job.progressed",
            data=TrainingJobProgressedData,
            path=_JOB,
        ),
        PublicEvent(
            type="ml.training_job.interrupted.v1",
            subject="events.ml.training_job.interrupted",
            data=TrainingJobInterruptedData,
            path=_JOB,
        ),
        PublicEvent(
            type="ml.training_job.completed.v1",
            subject="events.ml.training_job.completed",
            data=TrainingJobCompletedData,
            path=_JOB,
        ),
        PublicEvent(
            type="ml.training_job.failed.v1",
            subject="events.ml.training_job.failed",
            data=TrainingJobFailedData,
            path=_JOB,
        ),
        PublicEvent(
            type="ml.training_job.cancellation_requested.v1",
            subject="events.ml.training_job.cancellation_requested",
            data=TrainingJobCancellationRequestedData,
            path=_JOB,
        ),
        PublicEvent(
            type="ml.training_job.cancelled.v1",
            subject="events.ml.training_job.cancelled",
            data=TrainingJobCancelledData,
            path=_JOB,
        ),
    )
)
"""Type → event. A line here is for ever: neighbours rely on it."""
