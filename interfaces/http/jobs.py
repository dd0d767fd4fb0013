"""Jobs of any kind over HTTP."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from application.execution import Context, Outcome
from application.jobs import handlers
from application.jobs.documents import AnyJobResponse, JobDocuments
from application.jobs.queries import get_job, no_such_job
from application.service import Service
from application.views import View
from domain.kernel import Immutable
from domain.naming import has_uuid_shape
from interfaces.http import lists
from interfaces.http.bodies import JSON, parsed, read_body, require_json
from interfaces.http.commands import Commands, Success
from interfaces.http.endings import JobReads
from interfaces.http.lists import ListRequest, page
from interfaces.http.moments import AS_OF
from interfaces.http.openapi_descriptions import Description
from interfaces.http.operations import BASE, Operation
from interfaces.http.reads import Found, Reads
from interfaces.http.stopping import Stopping

_TO_BE_STOPPED = Success(status=202)

Command = TypeVar("Command", bound=Immutable)


@dataclass(frozen=True, kw_only=True)
class JobOperations:
    """How jobs of one kind are asked for and about.

    Attributes:
        path: Of all of them, below that of the interface.
        placeholder: Of a job's id, in its path.
        takes: What asks for one.
        page: What readers see of several.
        lists: Name of the operation that answers a page.
        requests: Of that which lets a job wait.
        gets: Of that which answers one.
        cancels: Of that which stops one.
        problems: Statuses of errors that to ask for one may have, beside those of every command.
    """

    documents: JobDocuments[Any, Any]
    path: str
    placeholder: str
    takes: type[Immutable]
    page: type[View]
    lists: str
    requests: str
    gets: str
    cancels: str
    problems: tuple[int, ...] = ()


class JobEndpoints(ABC, Generic[Command, AnyJobResponse]):
    """What can be asked of jobs of one kind.

    Args:
        service: What commands and questions work with.
        commands: Carries out commands.
        reads: Answers questions.
        stopping: Ends the waiting for a job's end.

    Attributes:
        OPERATIONS: Of the kind.
    """

    OPERATIONS: ClassVar[JobOperations]

    def __init__(self, *, service: Service, commands: Commands, reads: Reads, stopping: Stopping) -> None:
        self._service = service
        self._commands = commands
        self._reads = reads
        self._job_reads = JobReads(service=service, reads=reads, stopping=stopping)
        path = f"{BASE}/{self.OPERATIONS.path}"
        self._path = path
        self._requested = Success(
            status=202, location=lambda view: f"{path}/{view.id}", creates=True, headers={"retry-after": "1"}
        )

    @abstractmethod
    def decide_request(self, command: Command, context: Context) -> Outcome[AnyJobResponse]:
        """Let a job wait for a worker; refuse now all that can be known to fail."""

    def operations(self) -> list[Operation]:
        """Return what is served, with its paths."""
        of, view = self.OPERATIONS, self.OPERATIONS.documents.view
        job = f"{self._path}/{{{of.placeholder}}}"
        return [
            Operation(
                method="GET",
                path=self._path,
                endpoint=self.list_jobs,
                description=Description.of_question(of.lists, answers=of.page),
                parameters=lists.PARAMETERS,
            ),
            Operation(
                method="POST",
                path=self._path,
                endpoint=self.request_job,
                description=Description.of_command(
                    of.requests,
                    takes={JSON: of.takes},
                    success=self._requested,
                    answers=view,
                    problems=of.problems,
                ),
            ),
            Operation(
                method="GET",
                path=job,
                endpoint=self.get,
                description=Description.of_question(
                    of.gets,
                    answers=view,
                    is_versioned=True,
                    headers=("Prefer",),
                    answer_headers=("Preference-Applied",),
                ),
                parameters=(AS_OF,),
            ),
            Operation(
                method="POST",
                path=f"{job}/cancel",
                endpoint=self.cancel,
                description=Description.of_command(of.cancels, success=_TO_BE_STOPPED, answers=view),
            ),
        ]

    async def list_jobs(self, request: Request) -> Response:
        """Answer a page of the jobs."""
        asked = ListRequest.of(request)
        collection, read_models = self.OPERATIONS.documents.collection, self._service.read_models
        return await self._reads.answer_as_of(
            request, lambda at: page(asked, collection, read_models=read_models, at=at)
        )

    async def request_job(self, request: Request) -> Response:
        """Let a job wait for a worker."""
        require_json(request)
        body = await read_body(request)
        command: Any = parsed(body, self.OPERATIONS.takes)
        decide = partial(self.decide_request, command)
        return await self._commands.carry_out(request, decide, success=self._requested, body=body)

    async def get(self, request: Request) -> Response:
        """Answer a job; with `Prefer: wait=20` when it has ended, or after so many seconds."""
        return await self._job_reads.answer(request, partial(self._job, self._reference(request)))

    async def cancel(self, request: Request) -> Response:
        """Stop a job."""
        body = await read_body(request)
        documents = self.OPERATIONS.documents

        def decide(context: Context) -> Outcome[Any]:
            job_id = self._job_id(request)
            return handlers.cancel(job_id, documents=documents, context=context, ledger=self._service.ledger)

        return await self._commands.carry_out(request, decide, success=_TO_BE_STOPPED, body=body)

    def _job_id(self, request: Request) -> UUID:
        reference = self._reference(request)
        if not has_uuid_shape(reference):
            raise no_such_job(reference, kind=self.OPERATIONS.documents.of.KIND)
        return UUID(reference)

    def _reference(self, request: Request) -> str:
        reference: str = request.path_params[self.OPERATIONS.placeholder]
        return reference

    def _job(self, reference: str, at: int | None) -> Found:
        documents, read_models = self.OPERATIONS.documents, self._service.read_models
        job = get_job(reference, documents=documents, read_models=read_models, at=at)
        return Found(document=job, version=job["aggregate_version"])
