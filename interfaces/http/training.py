"""Training jobs over HTTP."""

from functools import partial
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from application.execution import Context, Outcome
from application.jobs.queries import get_job, no_such_job
from application.lookup import known_names
from application.ports.read_models import Collection
from application.service import Service
from application.training import handlers
from application.training.commands import RequestTraining
from application.training.projection import TRAINING_JOBS
from application.training.views import TrainingJobResponse
from domain.naming import has_uuid_shape
from domain.training.job import TRAINING
from interfaces.http import lists
from interfaces.http.bodies import JSON, parsed, read_body, require_json
from interfaces.http.commands import Commands, Success
from interfaces.http.endings import JobReads
from interfaces.http.lists import ListRequest, page
from interfaces.http.moments import AS_OF
from interfaces.http.openapi_descriptions import Description, Page
from interfaces.http.operations import BASE, Operation
from interfaces.http.reads import Found, Reads
from interfaces.http.stopping import Stopping

_JOBS = f"{BASE}/training-jobs"
_JOB = f"{_JOBS}/{{job}}"
_REQUESTED = Success(
    status=202, location=lambda view: f"{_JOBS}/{view.id}", creates=True, headers={"retry-after": "1"}
)
_TO_BE_STOPPED = Success(status=202)
_COLLECTIONS = {"model": Collection.MODELS, "dataset": Collection.DATASETS}


class TrainingEndpoints:
    """What can be asked of training jobs.

    Args:
        service: What commands and questions work with.
        commands: Carries out commands.
        reads: Answers questions.
        stopping: Ends the waiting for a job's end.
    """

    def __init__(self, *, service: Service, commands: Commands, reads: Reads, stopping: Stopping) -> None:
        self._service = service
        self._commands = commands
        self._reads = reads
        self._job_reads = JobReads(service=service, reads=reads, stopping=stopping)

    def operations(self) -> list[Operation]:
        """Return what is served, with its paths."""
        return [
            Operation(
                method="GET",
                path=_JOBS,
                endpoint=self.list_jobs,
                description=Description.of_question("list_training_jobs", answers=Page[TrainingJobResponse]),
                parameters=lists.PARAMETERS,
            ),
            Operation(
                method="POST",
                path=_JOBS,
                endpoint=self.request_training,
                description=Description.of_command(
                    "request_training",
                    takes={JSON: RequestTraining},
                    success=_REQUESTED,
                    answers=TrainingJobResponse,
                ),
            ),
            Operation(
                method="GET",
                path=_JOB,
                endpoint=self.get,
                description=Description.of_question(
                    "get_training_job",
                    answers=TrainingJobResponse,
                    is_versioned=True,
                    headers=("Prefer",),
                    answer_headers=("Preference-Applied",),
                ),
                parameters=(AS_OF,),
            ),
            Operation(
                method="POST",
                path=f"{_JOB}/cancel",
                endpoint=self.cancel,
                description=Description.of_command(
                    "cancel_training", success=_TO_BE_STOPPED, answers=TrainingJobResponse
                ),
            ),
        ]

    async def list_jobs(self, request: Request) -> Response:
        """Answer a page of the jobs."""
        asked = ListRequest.of(request)
        read_models = self._service.read_models
        return await self._reads.answer_as_of(
            request, lambda at: page(asked, Collection.JOBS, read_models=read_models, at=at)
        )

    async def request_training(self, request: Request) -> Response:
        """Let a job wait for a worker."""
        require_json(request)
        body = await read_body(request)
        command = parsed(body, RequestTraining)

        def decide(context: Context) -> Outcome[TrainingJobResponse]:
            return handlers.request_training(
                command,
                context=context,
                ledger=self._service.ledger,
                identity=self._service.identity,
                known_names=lambda kind: known_names(_COLLECTIONS[kind], read_models=self._service.read_models),
            )

        return await self._commands.carry_out(request, decide, success=_REQUESTED, body=body)

    async def get(self, request: Request) -> Response:
        """Answer a job; with `Prefer: wait=20` when it has ended, or after so many seconds."""
        return await self._job_reads.answer(request, partial(self._job, request.path_params["job"]))

    async def cancel(self, request: Request) -> Response:
        """Stop a job."""
        body = await read_body(request)
        job = request.path_params["job"]

        def decide(context: Context) -> Outcome[TrainingJobResponse]:
            if not has_uuid_shape(job):
                raise no_such_job(job, kind=TRAINING)
            return handlers.cancel(UUID(job), context=context, ledger=self._service.ledger)

        return await self._commands.carry_out(request, decide, success=_TO_BE_STOPPED, body=body)

    def _job(self, reference: str, at: int | None) -> Found:
        job = get_job(reference, documents=TRAINING_JOBS, read_models=self._service.read_models, at=at)
        return Found(document=job, version=job["aggregate_version"])
