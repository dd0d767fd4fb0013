"""Training jobs over HTTP."""

from dataclasses import replace
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response

from application.execution import Context, Outcome
from application.lookup import known_names
from application.ports.read_models import Collection
from application.training import handlers, repetitions
from application.training.commands import RequestTraining
from application.training.projection import TRAINING_JOBS
from application.training.views import TrainingJobResponse, VerificationResponse
from interfaces.http.bodies import read_body
from interfaces.http.commands import Success
from interfaces.http.jobs import JobEndpoints, JobOperations
from interfaces.http.openapi_descriptions import Description, Page
from interfaces.http.operations import BASE, Operation

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

    @property
    def _repeated(self) -> Success:
        """As of a request, but for a job that is there: its version can be demanded."""
        return replace(self._requested, creates=False)

    def operations(self) -> list[Operation]:
        """Return what is served, with its paths."""
        return [
            *super().operations(),
            Operation(
                method="POST",
                path=f"{BASE}/models/{{model}}/versions/{{version}}/verify",
                endpoint=self.verify,
                description=Description.of_command(
                    "verify_version", success=self._requested, answers=VerificationResponse
                ),
            ),
            Operation(
                method="POST",
                path=f"{self._path}/{{job}}/retry",
                endpoint=self.retry,
                description=Description.of_command(
                    "retry_training", success=self._repeated, answers=TrainingJobResponse
                ),
            ),
        ]

    async def retry(self, request: Request) -> Response:
        """Let a job wait that does over what another one did not bring to its end."""
        body = await read_body(request)

        def decide(context: Context) -> Outcome[TrainingJobResponse]:
            job_id = self._job_id(request)
            return repetitions.retry_training(
                job_id,
                context=context,
                ledger=self._service.ledger,
                identity=self._service.identity,
                has_cluster=self._service.has_cluster,
            )

        return await self._commands.carry_out(request, decide, success=self._repeated, body=body)

    async def verify(self, request: Request) -> Response:
        """Let a version be trained again, to see whether it comes out the same."""
        body = await read_body(request)
        model, version = request.path_params["model"], request.path_params["version"]

        def decide(context: Context) -> Outcome[VerificationResponse]:
            return repetitions.request_verification(
                model,
                version,
                context=context,
                ledger=self._service.ledger,
                identity=self._service.identity,
                version_here=self._service.version_here,
                has_cluster=self._service.has_cluster,
            )

        return await self._commands.carry_out(request, decide, success=self._requested, body=body)

    def decide_request(self, command: RequestTraining, context: Context) -> Outcome[TrainingJobResponse]:
        """Let a job wait for a worker; refuse now all that can be known to fail."""
        return handlers.request_training(
            command,
            context=context,
            ledger=self._service.ledger,
            identity=self._service.identity,
            known_names=lambda kind: known_names(_COLLECTIONS[kind], read_models=self._service.read_models),
            has_cluster=self._service.has_cluster,
        )
