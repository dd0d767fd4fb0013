"""What neighbours are told of training jobs."""

from typing import Any
from uuid import UUID

from application.integration.event_data import EventData
from domain.jobs.values import InterruptionCause
from domain.models.values import ModelType


class TrainingJobRequestedData(EventData):
    """A training job waits for a worker."""

    training_job_id: UUID
    model_id: UUID
    """The model that gets the version."""
    model_type: ModelType
    dataset_id: UUID
    dataset_sha256: str
    """The very bytes to learn from, lower-case hexadecimal."""
    target: str
    """The column to learn; empty where the type of model learns none."""
    hyperparameters: dict[str, Any] | None
    """As asked for; null where they are too large for a message: then they are found under `dataref`."""


class TrainingJobStartedData(EventData):
    """A worker trains."""

    training_job_id: UUID
    attempt: int
    """Counts from 1; a job whose worker is lost is tried again."""
    worker: str
    """Who trains."""


class TrainingJobProgressedData(EventData):
    """So much of the training is done; told some twenty times a job."""

    training_job_id: UUID
    attempt: int
    progress: int
    """Per cent of the iterations asked for, 0 to 100."""
    iteration: int
    """Boosting rounds done."""
    metrics: dict[str, float]
    """On the validation rows at that iteration, by name."""


class TrainingJobInterruptedData(EventData):
    """An attempt ended without an outcome; the job waits for a worker again."""

    training_job_id: UUID
    attempt: int
    cause: InterruptionCause


class TrainingJobCompletedData(EventData):
    """The model has the version that the job trained."""

    training_job_id: UUID
    attempt: int
    resulting_version_id: UUID
    resulting_version: str
    """The number of that version."""
    artifact_url: str
    metrics: dict[str, float]
    """On the validation rows, by name."""
    best_iteration: int
    """Boosting rounds kept, from 1."""
    duration_s: float
    """Wall time of the training process."""


class TrainingJobFailedData(EventData):
    """The job will never give a version."""

    training_job_id: UUID
    attempt: int
    error_code: str
    """Stable, dotted name of the reason."""
    error: str
    """What happened and what to do, for a person."""


class TrainingJobCancellationRequestedData(EventData):
    """Somebody wants a running job to stop; its worker has yet to do so."""

    training_job_id: UUID


class TrainingJobCancelledData(EventData):
    """The job was stopped on request."""

    training_job_id: UUID
