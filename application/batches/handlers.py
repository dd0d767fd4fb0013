"""One function for each thing that may be asked of batch predictions, by users and by workers."""

from itertools import count
from uuid import UUID

from application.batches.commands import RequestBatchPrediction
from application.batches.views import BatchPredictionResponse, requested_view
from application.execution import Context, Outcome
from application.jobs.attempts import Attempts as JobAttempts
from application.ledger import Ledger
from application.ports.artifacts import is_artifact_url, url_of
from application.ports.batch_predictor import FeaturesOf
from application.ports.identity import Identity
from domain.batches import batch as batches
from domain.batches.batch import BatchPrediction
from domain.batches.plan import plan
from domain.batches.values import PredictedTable
from domain.datasets import dataset as datasets
from domain.datasets.errors import DatasetNotFound, NameTaken
from domain.datasets.events import DatasetNameReserved
from domain.errors import InvalidInput
from domain.inference.errors import NoProductionVersion, NotServable
from domain.jobs.job import fail
from domain.kernel import DomainEvent, Provenance
from domain.models import model as models
from domain.models.errors import ModelNotFound
from domain.models.events import VersionRegistered
from domain.models.model import Model, Version
from domain.models.values import PRODUCTION_ALIAS
from domain.naming import NAME_MAX_CHARS, Reservation, reserve

_DATASET, _MODEL = "dataset", "model"


def request_batch_prediction(
    command: RequestBatchPrediction,
    *,
    context: Context,
    ledger: Ledger,
    identity: Identity,
    features_of: FeaturesOf,
) -> Outcome[BatchPredictionResponse]:
    """Let a job wait for a worker; refuse now all that can be known to fail.

    Raises:
        ModelNotFound, RetiredModel, VersionNotFound, DatasetNotFound, RetiredDataset: There is none to use.
        NoProductionVersion, NotServable: The model has no version that could predict here.
        NameTaken: Another dataset holds the name that was asked for.
        InvalidInput: Columns of the dataset are not what the version asks for, or what is asked is off otherwise.
        ArtifactUnavailable: The version's artifact is damaged or gone.
    """
    model_id, dataset_id = ledger.id_of(_MODEL, command.model_id), ledger.id_of(_DATASET, command.dataset_id)
    model = None if model_id is None else ledger.model(model_id)
    if model is None:
        raise ModelNotFound(f"There is no model {command.model_id!r}.", model=command.model_id)
    dataset = None if dataset_id is None else ledger.dataset(dataset_id)
    if dataset is None:
        raise DatasetNotFound(f"There is no dataset {command.dataset_id!r}.", dataset=command.dataset_id)
    models.require_active(model)
    version = _version(model, command.version)
    artifact_url = _artifact_url(model, version, ledger=ledger)
    planned = plan(
        model=model,
        version=version,
        artifact_url=artifact_url,
        features=features_of(artifact_url),
        dataset=dataset,
        explain=command.explain,
        name=command.name,
    )
    if command.name is not None and (holder := _reservation(planned.name, ledger=ledger).holder_id) is not None:
        raise NameTaken(f"The name {planned.name!r} is taken.", name=planned.name, id=str(holder))
    requested = batches.request(
        job_id=identity.new_id(), metadata=command.metadata, plan=planned, by=context.provenance
    )
    return Outcome(events=(requested,), view=requested_view(requested), version=1)


class Attempts(JobAttempts[BatchPrediction]):
    """What workers say of batch predictions."""

    OF = BatchPrediction

    def progress(self, job_id: UUID, attempt: int, *, percent: int, rows: int) -> None:
        """Record how far the attempt is, where that can be recorded now.

        Raises:
            LeaseLost: It does not hold the job any more.
        """
        self.note(
            job_id,
            lambda job, by: [batches.progress(job, attempt=attempt, percent=percent, rows=rows, by=by)],
        )

    def complete(self, job_id: UUID, attempt: int, predicted: PredictedTable) -> None:
        """Register the dataset and end the job, in one transaction, so that there is one dataset for a job.

        Raises:
            LeaseLost: The attempt does not hold the job any more.
        """
        dataset_id = self._identity.new_id()

        def decide(job: BatchPrediction, by: Provenance) -> list[DomainEvent]:
            reservation, name = _free_name(job.plan.name, ledger=self._ledger)
            completed = batches.complete(
                job, attempt=attempt, dataset_id=dataset_id, name=name, predicted=predicted, by=by
            )
            try:
                registered = datasets.register(
                    dataset_id=dataset_id,
                    name=name,
                    uri=url_of(predicted.contents.sha256),
                    contents=predicted.contents,
                    target=None,
                    by=by.model_copy(update={"causation_id": completed.event_id}),
                )
            except InvalidInput as unfit:
                return [fail(job, attempt=attempt, code=unfit.code, error=unfit.message, by=by)]
            reserved = reserve(
                reservation,
                name=name,
                holder_id=dataset_id,
                event=DatasetNameReserved,
                taken=NameTaken,
                by=registered.provenance,
            )
            return [completed, registered, reserved]

        self.decide(job_id, decide)


def _version(model: Model, reference: str | None) -> Version:
    if reference is None and model.production_id is None:
        message = f"Model {model.name!r} has no version in production: promote one, or name a version."
        raise NoProductionVersion(message, model=str(model.id))
    return models.find_version(model, PRODUCTION_ALIAS if reference is None else reference)


def _artifact_url(model: Model, version: Version, *, ledger: Ledger) -> str:
    registered: VersionRegistered = ledger.event(model.id, version.registered_at)
    if registered.artifact_url is not None and is_artifact_url(registered.artifact_url):
        return registered.artifact_url
    message = (
        f"Version {version.number} of model {model.name!r} has no artifact of this service to predict with: "
        "name a version that was trained here."
    )
    raise NotServable(message, model=str(model.id), version=version.number)


def _reservation(name: str, *, ledger: Ledger) -> Reservation:
    return ledger.reservation(_DATASET, name)


def _free_name(wanted: str, *, ledger: Ledger) -> tuple[Reservation, str]:
    """Return the name, or where it is taken by now the first that is free with a number behind it: work of hours
    is not lost for a name."""
    for number in count(1):
        ending = "" if number == 1 else f"-{number}"
        name = wanted[: NAME_MAX_CHARS - len(ending)] + ending
        reservation = _reservation(name, ledger=ledger)
        if reservation.holder_id is None:
            return reservation, name
    raise AssertionError  # numbers have no end
