"""An example of every event: one builder per topic, each taking changes by keyword."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

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
from domain.batches.values import BatchPlan, PredictedTable
from domain.commands import Answer, CommandCompleted, command_stream_id
from domain.datasets.events import (
    DatasetNameReleased,
    DatasetNameReserved,
    DatasetRegistered,
    DatasetRetired,
)
from domain.datasets.values import Column, ColumnType, Contents, DatasetFormat
from domain.jobs.values import InterruptionCause
from domain.kernel import DomainEvent, Provenance, envelope
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
from domain.models.values import Difference, ModelStatus, ModelType
from domain.naming import reservation_id
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
from domain.training.hyperparameters.classification import Classification
from domain.training.values import TrainedModel, TrainingPlan

AnyEvent = TypeVar("AnyEvent", bound=DomainEvent)

MODEL_ID = UUID("11111111-1111-4111-8111-111111111111")
VERSION_ID = UUID("22222222-2222-4222-8222-222222222222")
DATASET_ID = UUID("33333333-3333-4333-8333-333333333333")
JOB_ID = UUID("44444444-4444-4444-8444-444444444444")
BATCH_ID = UUID("66666666-6666-4666-8666-666666666666")
RESULT_ID = UUID("77777777-7777-4777-8777-777777777777")
COMMAND_ID = UUID("55555555-5555-4555-8555-555555555555")
SHA256 = "ab" * 32

PROVENANCE = Provenance(
    timestamp=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    actor="ann",
    reason="because",
    correlation_id="request-1",
    causation_id=None,
    command_id=COMMAND_ID,
)

AGE = Column(name="age", type=ColumnType.NUMERIC, missing=3)
CITY = Column(name="city", type=ColumnType.CATEGORICAL, missing=0)
CHURNED = Column(name="churned", type=ColumnType.BOOLEAN, missing=0)
CONTENTS = Contents(
    format=DatasetFormat.CSV, sha256=SHA256, size_bytes=1234, rows=100, columns=(AGE, CITY, CHURNED)
)
PLAN = TrainingPlan(
    model_type=ModelType.CLASSIFICATION,
    dataset_id=DATASET_ID,
    contents=CONTENTS,
    target=CHURNED,
    features=(AGE, CITY),
    hyperparameters=Classification(num_iterations=20),
)
TRAINED = TrainedModel(
    artifact_url=f"artifact:{SHA256}",
    metrics={"auc": 0.93, "log_loss": 0.21},
    best_iteration=17,
    parameters={"objective": "binary", "num_leaves": 31, "learning_rate": 0.05, "deterministic": True},
    environment={"lightgbm": "4.6.0"},
    duration_s=1.25,
)
BATCH_PLAN = BatchPlan(
    model_id=MODEL_ID,
    version_id=VERSION_ID,
    version="1.0.0",
    artifact_url=f"artifact:{SHA256}",
    dataset_id=DATASET_ID,
    contents=CONTENTS,
    explain="probability > 0.8",
    name="scored",
)
PREDICTED = PredictedTable(
    contents=Contents(
        format=DatasetFormat.PARQUET,
        sha256="cd" * 32,
        size_bytes=4321,
        rows=100,
        columns=(AGE, CITY, CHURNED, Column(name="prediction", type=ColumnType.NUMERIC, missing=0)),
    ),
    duration_s=1.5,
)


def command_completed(**changes: Any) -> CommandCompleted:
    answer = Answer(status=201, headers={"location": f"/api/v1/models/{MODEL_ID}"}, body='{"name":"churn"}')
    stream = command_stream_id("ann", "key-1")
    return _event(CommandCompleted, stream, changes, request_hash=SHA256, answer=answer)


def dataset_name_reserved(**changes: Any) -> DatasetNameReserved:
    stream = reservation_id("dataset", "customers")
    return _event(DatasetNameReserved, stream, changes, name="customers", holder_id=DATASET_ID)


def dataset_name_released(**changes: Any) -> DatasetNameReleased:
    stream = reservation_id("dataset", "customers")
    return _event(DatasetNameReleased, stream, changes, name="customers", holder_id=DATASET_ID)


def dataset_registered(**changes: Any) -> DatasetRegistered:
    return _event(
        DatasetRegistered,
        DATASET_ID,
        changes,
        name="customers",
        uri="file:///data/customers.csv",
        contents=CONTENTS,
        target="churned",
    )


def dataset_retired(**changes: Any) -> DatasetRetired:
    return _event(DatasetRetired, DATASET_ID, changes, name="customers")


def model_name_reserved(**changes: Any) -> ModelNameReserved:
    stream = reservation_id("model", "churn")
    return _event(ModelNameReserved, stream, changes, name="churn", holder_id=MODEL_ID)


def model_name_released(**changes: Any) -> ModelNameReleased:
    stream = reservation_id("model", "churn")
    return _event(ModelNameReleased, stream, changes, name="churn", holder_id=MODEL_ID)


def model_registered(**changes: Any) -> ModelRegistered:
    return _event(
        ModelRegistered,
        MODEL_ID,
        changes,
        name="churn",
        type=ModelType.CLASSIFICATION,
        description="Wer geht, où et 何時",
        metadata={"team": "growth", "tags": ["a", 1, 1.5, None, True], "nested": {"é": {}}},
    )


def model_described(**changes: Any) -> ModelDescribed:
    return _event(ModelDescribed, MODEL_ID, changes, description=None, metadata={})


def model_renamed(**changes: Any) -> ModelRenamed:
    return _event(ModelRenamed, MODEL_ID, changes, name="attrition", previous_name="churn")


def version_registered(**changes: Any) -> VersionRegistered:
    return _event(
        VersionRegistered,
        MODEL_ID,
        changes,
        version_id=VERSION_ID,
        version="1.0.0",
        hyperparameters={"num_leaves": 31, "learning_rate": 0.05},
        metrics={"auc": 0.93, "log_loss": 0.21},
        artifact_url=f"artifact:{SHA256}",
        training_job_id=JOB_ID,
        dataset_id=DATASET_ID,
        dataset_sha256=SHA256,
    )


def version_status_changed(**changes: Any) -> VersionStatusChanged:
    return _event(
        VersionStatusChanged,
        MODEL_ID,
        changes,
        version_id=VERSION_ID,
        version="1.0.0",
        previous=ModelStatus.STAGING,
        status=ModelStatus.PRODUCTION,
    )


def version_verified(**changes: Any) -> VersionVerified:
    return _event(
        VersionVerified,
        MODEL_ID,
        changes,
        version_id=VERSION_ID,
        version="1.0.0",
        training_job_id=JOB_ID,
        reproduced=True,
        differences=(
            Difference(what="environment.lightgbm", expected="4.6.0", actual="4.7.0"),
            Difference(what="environment.dask", expected=None, actual="2026.8.0"),
        ),
    )


def alias_assigned(**changes: Any) -> AliasAssigned:
    return _event(
        AliasAssigned,
        MODEL_ID,
        changes,
        alias="champion",
        version_id=VERSION_ID,
        version="1.0.0",
        previous_version_id=None,
    )


def alias_removed(**changes: Any) -> AliasRemoved:
    return _event(AliasRemoved, MODEL_ID, changes, alias="champion", version_id=VERSION_ID, version="1.0.0")


def model_retired(**changes: Any) -> ModelRetired:
    return _event(ModelRetired, MODEL_ID, changes, name="churn")


def training_job_requested(**changes: Any) -> TrainingJobRequested:
    return _event(
        TrainingJobRequested,
        JOB_ID,
        changes,
        model_id=MODEL_ID,
        hyperparameters={"n_estimators": 20},
        plan=PLAN,
        priority=0,
        retries=None,
        verifies=None,
    )


def training_job_started(**changes: Any) -> TrainingJobStarted:
    return _event(TrainingJobStarted, JOB_ID, changes, attempt=1, worker="worker-1")


def training_job_progressed(**changes: Any) -> TrainingJobProgressed:
    payload: dict[str, Any] = {"attempt": 1, "progress": 50, "iteration": 10, "metrics": {"auc": 0.9}}
    return _event(TrainingJobProgressed, JOB_ID, changes, **payload)


def training_job_interrupted(**changes: Any) -> TrainingJobInterrupted:
    cause = InterruptionCause.WORKER_LOST
    return _event(TrainingJobInterrupted, JOB_ID, changes, attempt=1, cause=cause)


def training_job_completed(**changes: Any) -> TrainingJobCompleted:
    payload: dict[str, Any] = {"attempt": 1, "version_id": VERSION_ID, "version": "1.0.0", "trained": TRAINED}
    return _event(TrainingJobCompleted, JOB_ID, changes, **payload)


def training_job_failed(**changes: Any) -> TrainingJobFailed:
    error = "The target has one value only: there is nothing to tell apart."
    return _event(TrainingJobFailed, JOB_ID, changes, attempt=1, code="training.one-class", error=error)


def training_job_cancellation_requested(**changes: Any) -> TrainingJobCancellationRequested:
    return _event(TrainingJobCancellationRequested, JOB_ID, changes)


def training_job_cancelled(**changes: Any) -> TrainingJobCancelled:
    return _event(TrainingJobCancelled, JOB_ID, changes)


def batch_prediction_requested(**changes: Any) -> BatchPredictionRequested:
    return _event(BatchPredictionRequested, BATCH_ID, changes, metadata={"team": "growth"}, plan=BATCH_PLAN)


def batch_prediction_started(**changes: Any) -> BatchPredictionStarted:
    return _event(BatchPredictionStarted, BATCH_ID, changes, attempt=1, worker="worker-1")


def batch_prediction_progressed(**changes: Any) -> BatchPredictionProgressed:
    return _event(BatchPredictionProgressed, BATCH_ID, changes, attempt=1, progress=50, rows=500)


def batch_prediction_interrupted(**changes: Any) -> BatchPredictionInterrupted:
    cause = InterruptionCause.WORKER_LOST
    return _event(BatchPredictionInterrupted, BATCH_ID, changes, attempt=1, cause=cause)


def batch_prediction_completed(**changes: Any) -> BatchPredictionCompleted:
    payload: dict[str, Any] = {
        "attempt": 1,
        "dataset_id": RESULT_ID,
        "name": "scored",
        "sha256": "cd" * 32,
        "rows": 1_000,
        "duration_s": 1.5,
    }
    return _event(BatchPredictionCompleted, BATCH_ID, changes, **payload)


def batch_prediction_failed(**changes: Any) -> BatchPredictionFailed:
    error, code = "The predicting process was killed by SIGKILL.", "batch-prediction.process-died"
    return _event(BatchPredictionFailed, BATCH_ID, changes, attempt=1, code=code, error=error)


def batch_prediction_cancellation_requested(**changes: Any) -> BatchPredictionCancellationRequested:
    return _event(BatchPredictionCancellationRequested, BATCH_ID, changes)


def batch_prediction_cancelled(**changes: Any) -> BatchPredictionCancelled:
    return _event(BatchPredictionCancelled, BATCH_ID, changes)


BUILDERS: Mapping[str, Callable[..., DomainEvent]] = {
    "batch-prediction.cancellation-requested.v1": batch_prediction_cancellation_requested,
    "batch-prediction.cancelled.v1": batch_prediction_cancelled,
    "batch-prediction.completed.v1": batch_prediction_completed,
    "batch-prediction.failed.v1": batch_prediction_failed,
    "batch-prediction.interrupted.v1": batch_prediction_interrupted,
    "batch-prediction.progressed.v1": batch_prediction_progressed,
    "batch-prediction.requested.v1": batch_prediction_requested,
    "batch-prediction.started.v1": batch_prediction_started,
    "command.completed.v1": command_completed,
    "dataset-name.released.v1": dataset_name_released,
    "dataset-name.reserved.v1": dataset_name_reserved,
    "dataset.registered.v1": dataset_registered,
    "dataset.retired.v1": dataset_retired,
    "model-name.released.v1": model_name_released,
    "model-name.reserved.v1": model_name_reserved,
    "model.alias-assigned.v1": alias_assigned,
    "model.alias-removed.v1": alias_removed,
    "model.described.v1": model_described,
    "model.registered.v1": model_registered,
    "model.renamed.v1": model_renamed,
    "model.retired.v1": model_retired,
    "model.version-registered.v1": version_registered,
    "model.version-status-changed.v1": version_status_changed,
    "model.version-verified.v1": version_verified,
    "training-job.cancellation-requested.v1": training_job_cancellation_requested,
    "training-job.cancelled.v1": training_job_cancelled,
    "training-job.completed.v1": training_job_completed,
    "training-job.failed.v1": training_job_failed,
    "training-job.interrupted.v1": training_job_interrupted,
    "training-job.progressed.v1": training_job_progressed,
    "training-job.requested.v1": training_job_requested,
    "training-job.started.v1": training_job_started,
}
"""Topic → the builder of its example."""


def _event(event_class: type[AnyEvent], stream: UUID, changes: Mapping[str, Any], **payload: Any) -> AnyEvent:
    by = changes.get("provenance", PROVENANCE)
    place = envelope(by, changes.get("originator_id", stream), changes.get("originator_version", 1))
    return event_class(**{**place, **payload, **changes})
