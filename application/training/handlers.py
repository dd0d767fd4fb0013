"""One function for each thing that may be asked of training jobs, by users and by workers."""

from collections.abc import Callable, Iterable
from typing import TypeVar
from uuid import UUID

from application.execution import Context, Outcome
from application.jobs.attempts import Attempts as JobAttempts
from application.ledger import Ledger
from application.ports.artifacts import is_artifact_url
from application.ports.identity import Identity
from application.ports.trainer import Iteration, Rival
from application.training.commands import RequestTraining
from application.training.views import TrainingJobResponse, requested_view
from domain.datasets.dataset import Dataset
from domain.errors import InvalidInput, NotFound, suggestion
from domain.jobs.job import fail
from domain.kernel import DomainEvent, Provenance
from domain.models import model as models
from domain.models.errors import RetiredModel
from domain.models.events import VersionRegistered
from domain.models.model import Model
from domain.models.values import Reproduction
from domain.naming import has_uuid_shape
from domain.training import job as training
from domain.training.executors import require_executable
from domain.training.hyperparameters.parsing import parse
from domain.training.job import TrainingJob
from domain.training.plan import plan
from domain.training.values import TrainedModel

Found = TypeVar("Found", Model, Dataset)

KnownNames = Callable[[str], Iterable[str]]
"""Names in use of a kind (`model`, `dataset`), to suggest the one that was meant."""


def request_training(
    command: RequestTraining,
    *,
    context: Context,
    ledger: Ledger,
    identity: Identity,
    known_names: KnownNames,
    has_cluster: bool = False,
) -> Outcome[TrainingJobResponse]:
    """Let a job wait for a worker; refuse now all that can be known to fail.

    Raises:
        InvalidInput: An unknown model, dataset, column or hyperparameter (with the nearest real name), or
            a dataset that this type of model cannot learn from.
    """
    model = _named("model", command.model_id, ledger.model, ledger=ledger, known_names=known_names)
    dataset = _named("dataset", command.dataset_id, ledger.dataset, ledger=ledger, known_names=known_names)
    try:
        models.require_active(model)
        hyperparameters = parse(model.type, command.hyperparameters)
        planned = plan(model_type=model.type, dataset=dataset, hyperparameters=hyperparameters)
        require_executable(planned, has_cluster=has_cluster)
    except NotFound as retired:
        field = "model_id" if isinstance(retired, RetiredModel) else "dataset_id"
        raise InvalidInput.of(field, retired.message, getattr(command, field)) from None
    requested = training.request(
        job_id=identity.new_id(),
        model_id=model.id,
        hyperparameters=command.hyperparameters,
        plan=planned,
        by=context.provenance,
        priority=command.priority,
    )
    return Outcome(events=(requested,), view=requested_view(requested), version=1)


class Attempts(JobAttempts[TrainingJob]):
    """What workers say of training jobs."""

    OF = TrainingJob

    def start(self, job_id: UUID) -> TrainingJob:
        """Hold the job; what is returned says the attempt.

        Raises:
            JobNotFound: There is none.
            LeaseLost, JobEnded, Conflict: Another worker was faster.
            UnreadableHistory: This program cannot read all of the job, or of the model that it is to give a
                version: no training here could be recorded.
        """
        self._ledger.model(self.load(job_id).model_id)
        return super().start(job_id)

    def rival_of(self, job: TrainingJob) -> Rival | None:
        """Return the version in production that the job's is to be compared with.

        Returns:
            None where there is none, it has no artifact here, or the job trains a version again.
        """
        model = self._ledger.model(job.model_id)
        if model is None or model.production_id is None or job.verifies is not None:
            return None
        version = model.versions[model.production_id]
        url = self._ledger.event(model.id, version.registered_at).artifact_url
        return Rival(version=version.number, artifact_url=url) if url and is_artifact_url(url) else None

    def progress(self, job_id: UUID, attempt: int, *, percent: int, iteration: Iteration) -> None:
        """Record how far the attempt is, where that can be recorded now.

        Raises:
            LeaseLost: It does not hold the job any more.
        """
        self.note(
            job_id,
            lambda job, by: [
                training.progress(
                    job,
                    attempt=attempt,
                    percent=percent,
                    iteration=iteration.iteration,
                    metrics=iteration.metrics,
                    by=by,
                )
            ],
        )

    def complete(self, job_id: UUID, attempt: int, trained: TrainedModel) -> None:
        """Register the version and end the job, in one transaction, whatever else happens to the model.

        Raises:
            LeaseLost: The attempt does not hold the job any more.
        """
        version_id = self._identity.new_id()

        def decide(job: TrainingJob, by: Provenance) -> list[DomainEvent]:
            model = self._ledger.model(job.model_id)
            assert model is not None, "a job is only ever requested for a model"
            try:
                registered = models.register_version(
                    model,
                    version_id=version_id,
                    hyperparameters=job.plan.hyperparameters.model_dump(exclude_defaults=True),
                    metrics=trained.metrics,
                    artifact_url=trained.artifact_url,
                    training_job_id=job.id,
                    dataset_id=job.plan.dataset_id,
                    dataset_sha256=job.plan.contents.sha256,
                    by=by,
                )
            except (RetiredModel, InvalidInput) as unfit:
                return [fail(job, attempt=attempt, code=unfit.code, error=unfit.message, by=by)]
            completed = training.complete(
                job, attempt=attempt, version_id=version_id, version=registered.version, trained=trained, by=by
            )
            return [completed, registered]

        self.decide(job_id, decide)

    def verified_artifact(self, job: TrainingJob) -> str:
        """Return the URL of the artifact of the version that the job verifies.

        Raises:
            UnreadableHistory: This program cannot read all of the model.
        """
        model = self._ledger.model(job.model_id)
        assert model is not None, "a job is only ever requested for a model"
        assert job.verifies is not None, "asked of jobs that verify"
        registered: VersionRegistered = self._ledger.event(model.id, model.versions[job.verifies].registered_at)
        assert registered.artifact_url is not None, "what was trained here is kept here"
        return registered.artifact_url

    def verify(self, job_id: UUID, attempt: int, trained: TrainedModel, reproduction: Reproduction) -> None:
        """Record what came of training a version again and end the job, in one transaction.

        Raises:
            LeaseLost: The attempt does not hold the job any more.
        """

        def decide(job: TrainingJob, by: Provenance) -> list[DomainEvent]:
            model = self._ledger.model(job.model_id)
            assert model is not None, "a job is only ever requested for a model"
            assert job.verifies is not None, "asked of jobs that verify"
            try:
                verified = models.verify_version(
                    model,
                    reference=str(job.verifies),
                    training_job_id=job.id,
                    reproduction=reproduction,
                    by=by,
                )
            except RetiredModel as unfit:
                return [fail(job, attempt=attempt, code=unfit.code, error=unfit.message, by=by)]
            completed = training.complete(
                job,
                attempt=attempt,
                version_id=verified.version_id,
                version=verified.version,
                trained=trained,
                by=by,
            )
            return [completed, verified]

        self.decide(job_id, decide)


def _named(
    kind: str,
    reference: str,
    read: Callable[[UUID], Found | None],
    *,
    ledger: Ledger,
    known_names: KnownNames,
) -> Found:
    found_id = ledger.id_of(kind, reference)
    found = read(found_id) if found_id is not None else None
    if found is None:
        hint = "" if has_uuid_shape(reference) else suggestion(reference, known_names(kind))
        raise InvalidInput.of(f"{kind}_id", f"There is no {kind} {reference!r}.{hint}", reference)
    return found
