"""Histories to begin from, each named by the state that it leads to."""

from typing import Any
from uuid import UUID

from domain.batches import batch as batches
from domain.batches.plan import plan as plan_batch
from domain.batches.values import BatchPlan, PredictedTable
from domain.datasets import dataset as datasets
from domain.datasets.values import Column, ColumnType, Contents, DatasetFormat
from domain.inference.values import Feature
from domain.jobs import job as jobs
from domain.jobs.job import start
from domain.jobs.values import InterruptionCause
from domain.models import model as models
from domain.models.values import ModelStatus, ModelType
from domain.training import job as training
from domain.training.hyperparameters.regression import Regression
from domain.training.plan import plan
from domain.training.values import TrainedModel, TrainingPlan
from tests.support.given import Given, given, provenance

MODEL_ID = UUID(int=1)
DATASET_ID = UUID(int=2)
JOB_ID = UUID(int=3)
BATCH_ID = UUID(int=4)
RESULT_ID = UUID(int=5)

CONTENTS = Contents(
    format=DatasetFormat.CSV,
    sha256="ab" * 32,
    size_bytes=1_234,
    rows=100,
    columns=(
        Column(name="age", type=ColumnType.NUMERIC, missing=3),
        Column(name="city", type=ColumnType.CATEGORICAL, missing=0),
        Column(name="smoker", type=ColumnType.BOOLEAN, missing=0),
        Column(name="seen", type=ColumnType.OTHER, missing=0),
        Column(name="price", type=ColumnType.NUMERIC, missing=0),
    ),
)

FEATURES = (
    Feature(name="age", type=ColumnType.NUMERIC),
    Feature(name="city", type=ColumnType.CATEGORICAL, categories=("bern", "basel")),
)
PREDICTED = PredictedTable(contents=CONTENTS, duration_s=1.5)

TRAINED = TrainedModel(
    artifact_url=f"artifact:{'cd' * 32}",
    metrics={"rmse": 0.5},
    best_iteration=17,
    parameters={"num_leaves": 31},
    environment={"lightgbm": "4.7.0"},
    duration_s=1.5,
)


def version_id(place: int) -> UUID:
    """Return the id of the version registered as the `place`-th, from 0."""
    return UUID(int=1_000 + place)


def a_version(place: int, **changed: Any) -> dict[str, Any]:
    """Return the arguments that register a version."""
    arguments = {
        "version_id": version_id(place),
        "hyperparameters": {},
        "metrics": {"auc": 0.9},
        "artifact_url": None,
        "training_job_id": None,
        "dataset_id": None,
        "dataset_sha256": None,
    }
    return {**arguments, **changed}


def a_model(name: str = "churn", **changed: Any) -> Given:
    """A model without versions."""
    arguments = {"type": ModelType.CLASSIFICATION, "description": "Who leaves", "metadata": {"team": "a"}}
    event = models.register(model_id=MODEL_ID, name=name, by=provenance(), **{**arguments, **changed})
    return given(models.evolve, event)


def a_model_with_versions(count: int) -> Given:
    """A model with versions 1.0.0, 1.1.0, … in staging."""
    story = a_model()
    for place in range(count):
        story = story.after(models.register_version, **a_version(place))
    return story


def a_model_with_a_version_in(status: ModelStatus) -> Given:
    """A model whose one version, 1.0.0, has reached this status."""
    story = a_model_with_versions(1)
    if status is ModelStatus.STAGING:
        return story
    if status is ModelStatus.DEPRECATED:
        story = story.after(models.change_status, reference="1.0.0", status=ModelStatus.PRODUCTION)
    return story.after(models.change_status, reference="1.0.0", status=status)


def a_retired_model() -> Given:
    """A model that serves no more, with version 1.0.0 and the alias `best`."""
    story = a_model_with_versions(1).after(models.assign_alias, alias="best", reference="1.0.0")
    return story.after(models.retire)


def a_dataset(contents: Contents = CONTENTS, target: str | None = "price") -> Given:
    """A dataset of a hundred houses."""
    event = datasets.register(
        dataset_id=DATASET_ID,
        name="houses",
        uri="file:///houses.csv",
        contents=contents,
        target=target,
        by=provenance(),
    )
    return given(datasets.evolve, event)


def a_plan() -> TrainingPlan:
    """A plan to learn the price of a house."""
    return plan(model_type=ModelType.REGRESSION, dataset=a_dataset().state, hyperparameters=Regression())


def a_pending_job() -> Given:
    """A job that waits for its first worker."""
    event = training.request(job_id=JOB_ID, model_id=MODEL_ID, hyperparameters={}, plan=a_plan(), by=provenance())
    return given(training.evolve, event)


def a_running_job() -> Given:
    """A job held by its first attempt."""
    return a_pending_job().after(jobs.start, worker="w-1")


def a_job_asked_to_stop() -> Given:
    """A running job whose worker has yet to stop."""
    return a_running_job().after(jobs.cancel)


def an_interrupted_job() -> Given:
    """A job that waits again, as its first worker died."""
    return a_running_job().after(jobs.interrupt, attempt=1, cause=InterruptionCause.WORKER_LOST)


def a_completed_job() -> Given:
    """A job that gave a version."""
    return a_running_job().after(
        training.complete, attempt=1, version_id=version_id(0), version="1.0.0", trained=TRAINED
    )


def a_failed_job() -> Given:
    """A job that will never give a version."""
    return a_running_job().after(jobs.fail, attempt=1, code="training.constant-target", error="All prices are 1.")


def a_cancelled_job() -> Given:
    """A job that was stopped on request."""
    return a_job_asked_to_stop().after(jobs.confirm_cancelled, attempt=1)


def a_batch_plan(**changed: Any) -> BatchPlan:
    """A plan to predict the price of houses by a version in staging."""
    model = a_model_with_versions(1).state
    arguments = {
        "model": model,
        "version": models.find_version(model, "1.0.0"),
        "artifact_url": f"artifact:{'cd' * 32}",
        "features": FEATURES,
        "dataset": a_dataset().state,
        "explain": "false",
        "name": None,
    }
    return plan_batch(**{**arguments, **changed})


def a_pending_batch() -> Given:
    """A batch prediction that waits for its first worker."""
    event = batches.request(job_id=BATCH_ID, metadata={"team": "a"}, plan=a_batch_plan(), by=provenance())
    return given(batches.evolve, event)


def a_running_batch() -> Given:
    """A batch prediction held by its first attempt."""
    return a_pending_batch().after(start, worker="w-1")
