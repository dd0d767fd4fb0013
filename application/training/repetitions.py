"""Trainings after a plan that the log has: of a version, to verify it, or of a job that came to nothing."""

from uuid import UUID

from application.execution import Context, Outcome
from application.jobs.handlers import load
from application.ledger import Ledger
from application.models.views import VersionDifference
from application.ports.identity import Identity
from application.ports.reproduction import VersionHere
from application.training.views import TrainingJobResponse, VerificationResponse, requested_view
from domain.datasets import dataset as datasets
from domain.jobs.job import require_retriable
from domain.kernel import DomainEvent, require_version
from domain.models import model as models
from domain.models.errors import ModelNotFound, TrainedElsewhere
from domain.models.events import VersionRegistered
from domain.training import job as training
from domain.training.events import TrainingJobCompleted, TrainingJobRequested
from domain.training.executors import require_executable
from domain.training.job import TrainingJob


def request_verification(
    reference: str,
    version: str,
    *,
    context: Context,
    ledger: Ledger,
    identity: Identity,
    version_here: VersionHere,
    has_cluster: bool = False,
) -> Outcome[VerificationResponse]:
    """Let a job wait that trains a version again, to see whether it comes out the same.

    Args:
        reference: The model's id or name.
        version: A number, id or alias, or `production`.
        context: Who asks.
        ledger: Where the plan is.
        identity: Names the job.
        version_here: Tells which libraries are here.
        has_cluster: Whether trees can be grown on a Dask cluster.

    Raises:
        ModelNotFound, RetiredModel, VersionNotFound: There is none to train again.
        InvalidInput: It was trained on a cluster, and there is none.
        TrainedElsewhere: The log has no plan of it.
        UnreadableHistory: This program cannot read the plan.
    """
    model_id = ledger.id_of("model", reference)
    model = None if model_id is None else ledger.model(model_id)
    if model is None:
        raise ModelNotFound(f"There is no model {reference!r}.", model=reference)
    models.require_active(model)
    found = models.find_version(model, version)
    registered: VersionRegistered = ledger.event(model.id, found.registered_at)
    job_id = registered.training_job_id
    if job_id is None or ledger.job(job_id, TrainingJob) is None:
        message = (
            f"Version {found.number} of model {model.name!r} was trained elsewhere: "
            "nothing here tells how to train it again."
        )
        raise TrainedElsewhere(message, model=str(model.id), version=found.number)
    before: TrainingJobRequested = ledger.event(job_id, 1)
    require_executable(before.plan, has_cluster=has_cluster)
    requested = training.request(
        job_id=identity.new_id(),
        model_id=model.id,
        hyperparameters=before.hyperparameters,
        plan=before.plan,
        by=context.provenance,
        verifies=found.id,
    )
    view = VerificationResponse(
        **requested_view(requested).model_dump(),
        environment_differences=_environment_differences(ledger.last_event(job_id), version_here),
    )
    return Outcome(events=(requested,), view=view, version=1)


def retry_training(
    job_id: UUID, *, context: Context, ledger: Ledger, identity: Identity, has_cluster: bool = False
) -> Outcome[TrainingJobResponse]:
    """Let a job wait that does over what another one did not bring to its end.

    Raises:
        JobNotFound: There is none.
        StaleVersion: It is not the version that the sender decided on.
        RetiredModel: There is no model any more that could get a version.
        RetiredDataset: What it learned from is offered no more; only to verify a version, it is still read.
        NotEnded, AlreadyCompleted: There is nothing to do over.
        InvalidInput: It is for a cluster, and there is none.
        UnreadableHistory: This program cannot read the plan.
    """
    job = load(job_id, of=TrainingJob, ledger=ledger)
    require_version(job, context.expected_version)
    require_retriable(job)
    model = ledger.model(job.model_id)
    assert model is not None, "a job is only ever requested for a model"
    models.require_active(model)
    before: TrainingJobRequested = ledger.event(job_id, 1)
    dataset = ledger.dataset(before.plan.dataset_id)
    if dataset is not None and before.verifies is None:
        datasets.require_active(dataset)
    require_executable(before.plan, has_cluster=has_cluster)
    requested = training.request(
        job_id=identity.new_id(),
        model_id=before.model_id,
        hyperparameters=before.hyperparameters,
        plan=before.plan,
        by=context.provenance,
        priority=before.priority,
        retries=job_id,
        verifies=before.verifies,
    )
    return Outcome(events=(requested,), view=requested_view(requested), version=1)


def _environment_differences(end: DomainEvent | None, version_here: VersionHere) -> list[VersionDifference]:
    assert isinstance(end, TrainingJobCompleted), "a version comes of a job that has completed"
    found = ((name, was, version_here(name)) for name, was in sorted(end.trained.environment.items()))
    return [
        VersionDifference(what=f"environment.{name}", expected=was, actual=now)
        for name, was, now in found
        if was != now
    ]
