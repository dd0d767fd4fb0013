"""Batch predictions over HTTP."""

from functools import partial
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from application.batches import handlers
from application.batches.commands import RequestBatchPrediction
from application.batches.projection import BATCH_PREDICTIONS
from application.batches.views import BatchPredictionResponse
from application.execution import Context, Outcome
from application.jobs.queries import get_job, no_such_job
from application.ports.read_models import Collection
from application.service import Service
from domain.batches.batch import BATCH_PREDICTION
from domain.naming import has_uuid_shape
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
from interfaces.inference.explained import parse_explain

_BATCHES = f"{BASE}/batch-predictions"
_BATCH = f"{_BATCHES}/{{batch}}"
_REQUESTED = Success(
    status=202, location=lambda view: f"{_BATCHES}/{view.id}", creates=True, headers={"retry-after": "1"}
)
_TO_BE_STOPPED = Success(status=202)


class BatchEndpoints:
    """What can be asked of batch predictions.

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
                path=_BATCHES,
                endpoint=self.list_batches,
                description=Description.of_question(
                    "list_batch_predictions", answers=Page[BatchPredictionResponse]
                ),
                parameters=lists.PARAMETERS,
            ),
            Operation(
                method="POST",
                path=_BATCHES,
                endpoint=self.request_batch,
                description=Description.of_command(
                    "request_batch_prediction",
                    takes={JSON: RequestBatchPrediction},
                    success=_REQUESTED,
                    answers=BatchPredictionResponse,
                ),
            ),
            Operation(
                method="GET",
                path=_BATCH,
                endpoint=self.get,
                description=Description.of_question(
                    "get_batch_prediction",
                    answers=BatchPredictionResponse,
                    is_versioned=True,
                    headers=("Prefer",),
                    answer_headers=("Preference-Applied",),
                ),
                parameters=(AS_OF,),
            ),
            Operation(
                method="POST",
                path=f"{_BATCH}/cancel",
                endpoint=self.cancel,
                description=Description.of_command(
                    "cancel_batch_prediction", success=_TO_BE_STOPPED, answers=BatchPredictionResponse
                ),
            ),
        ]

    async def list_batches(self, request: Request) -> Response:
        """Answer a page of the batch predictions."""
        asked = ListRequest.of(request)
        read_models = self._service.read_models
        return await self._reads.answer_as_of(
            request, lambda at: page(asked, Collection.BATCHES, read_models=read_models, at=at)
        )

    async def request_batch(self, request: Request) -> Response:
        """Let a job wait for a worker."""
        require_json(request)
        body = await read_body(request)
        command = parsed(body, RequestBatchPrediction)
        parse_explain(command.explain)

        def decide(context: Context) -> Outcome[BatchPredictionResponse]:
            return handlers.request_batch_prediction(
                command,
                context=context,
                ledger=self._service.ledger,
                identity=self._service.identity,
                features_of=self._service.features_of,
            )

        return await self._commands.carry_out(request, decide, success=_REQUESTED, body=body)

    async def get(self, request: Request) -> Response:
        """Answer a batch prediction; with `Prefer: wait=20` when it has ended, or after so many seconds."""
        return await self._job_reads.answer(request, partial(self._batch, request.path_params["batch"]))

    async def cancel(self, request: Request) -> Response:
        """Stop a batch prediction."""
        body = await read_body(request)
        batch = request.path_params["batch"]

        def decide(context: Context) -> Outcome[BatchPredictionResponse]:
            if not has_uuid_shape(batch):
                raise no_such_job(batch, kind=BATCH_PREDICTION)
            return handlers.cancel(UUID(batch), context=context, ledger=self._service.ledger)

        return await self._commands.carry_out(request, decide, success=_TO_BE_STOPPED, body=body)

    def _batch(self, reference: str, at: int | None) -> Found:
        batch = get_job(reference, documents=BATCH_PREDICTIONS, read_models=self._service.read_models, at=at)
        return Found(document=batch, version=batch["aggregate_version"])
