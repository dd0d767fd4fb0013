"""Training jobs over HTTP."""

from typing import ClassVar

from application.execution import Context, Outcome
from application.lookup import known_names
from application.ports.read_models import Collection
from application.training import handlers
from application.training.commands import RequestTraining
from application.training.projection import TRAINING_JOBS
from application.training.views import TrainingJobResponse
from interfaces.http.jobs import JobEndpoints, JobOperations
from interfaces.http.openapi_descriptions import Page

_COLLECTIONS = {"model": Collection.MODELS, "dataset": Collection.DATASETS}


class TrainingEndpoints(JobEndpoints[RequestTraining, TrainingJobResponse]):
    """What can be asked of training jobs."""

    OPERATIONS: ClassVar[JobOperations] = JobOperations(
        documents=TRAINING_JOBS,
        path="training-jobs",
        placeholder="job",
        takes=RequestTraining,
        page=Page[TrainingJobResponse],
        lists="list_training_jobs",
        requests="request_training",
        gets="get_training_job",
        cancels="cancel_training",
    )

    def decide_request(self, command: RequestTraining, context: Context) -> Outcome[TrainingJobResponse]:
        """Let a job wait for a worker; refuse now all that can be known to fail."""
        return handlers.request_training(
            command,
            context=context,
            ledger=self._service.ledger,
            identity=self._service.identity,
            known_names=lambda kind: known_names(_COLLECTIONS[kind], read_models=self._service.read_models),
        )
