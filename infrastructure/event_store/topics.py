"""Which event class each stored topic stands for."""

from collections.abc import Mapping
from types import MappingProxyType

from eventsourcing.utils import register_topic

from domain.batches.events import (
    BatchPredictionCancellationRequested,
    BatchPredictionCancelled,
    BatchPredictionCompleted,
    BatchPredictionFailed,
    BatchPredictionInterrupted,
    BatchPredictionProgressed,
    BatchPredictionRequested,
    BatchPredictionStarted,
)
from domain.commands import CommandCompleted
from domain.datasets.events import (
    DatasetNameReleased,
    DatasetNameReserved,
    DatasetRegistered,
    DatasetRetired,
)
from domain.kernel import DomainEvent
from domain.models.events import (
    AliasAssigned,
    AliasRemoved,
    ModelDescribed,
    ModelNameReleased,
    ModelNameReserved,
    ModelRegistered,
    ModelRenamed,
    ModelRetired,
    VersionRegistered,
    VersionStatusChanged,
    VersionVerified,
)
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

TOPICS: Mapping[str, type[DomainEvent]] = MappingProxyType(
    {
        "batch-prediction.cancellation-requested.v1": BatchPredictionCancellationRequested,
        "batch-prediction.cancelled.v1": BatchPredictionCancelled,
        "batch-prediction.completed.v1": BatchPredictionCompleted,
        "batch-prediction.failed.v1": BatchPredictionFailed,
        "batch-prediction.interrupted.v1": BatchPredictionInterrupted,
        "batch-prediction.progressed.v1": BatchPredictionProgressed,
        "batch-prediction.requested.v1": BatchPredictionRequested,
        "batch-prediction.started.v1": BatchPredictionStarted,
        "command.completed.v1": CommandCompleted,
        "dataset-name.released.v1": DatasetNameReleased,
        "dataset-name.reserved.v1": DatasetNameReserved,
        "dataset.registered.v1": DatasetRegistered,
        "dataset.retired.v1": DatasetRetired,
        "model-name.released.v1": ModelNameReleased,
        "model-name.reserved.v1": ModelNameReserved,
        "model.alias-assigned.v1": AliasAssigned,
        "model.alias-removed.v1": AliasRemoved,
        "model.described.v1": ModelDescribed,
        "model.registered.v1": ModelRegistered,
        "model.renamed.v1": ModelRenamed,
        "model.retired.v1": ModelRetired,
        "model.version-registered.v1": VersionRegistered,
        "model.version-status-changed.v1": VersionStatusChanged,
        "model.version-verified.v1": VersionVerified,
        "training-job.cancellation-requested.v1": TrainingJobCancellationRequested,
        "training-job.cancelled.v1": TrainingJobCancelled,
        "training-job.completed.v1": TrainingJobCompleted,
        "training-job.failed.v1": TrainingJobFailed,
        "training-job.interrupted.v1": TrainingJobInterrupted,
        "training-job.progressed.v1": TrainingJobProgressed,
        "training-job.requested.v1": TrainingJobRequested,
        "training-job.started.v1": TrainingJobStarted,
    }
)
"""A line here is for ever: rows under its topic are never rewritten."""


def register_topics() -> None:
    """Let the library resolve the same topics to the same classes; a second call changes nothing."""
    for topic, event_class in TOPICS.items():
        register_topic(topic, event_class)
