"""Batch predictions over HTTP."""

from typing import ClassVar

from application.batches import handlers
from application.batches.commands import RequestBatchPrediction
from application.batches.projection import BATCH_PREDICTIONS
from application.batches.views import BatchPredictionResponse
from application.execution import Context, Outcome
from interfaces.http.jobs import JobEndpoints, JobOperations
from interfaces.http.openapi_descriptions import Page
from interfaces.inference.explained import parse_explain


class BatchEndpoints(JobEndpoints[RequestBatchPrediction, BatchPredictionResponse]):
    """What can be asked of batch predictions."""

    OPERATIONS: ClassVar[JobOperations] = JobOperations(
        documents=BATCH_PREDICTIONS,
        path="batch-predictions",
        placeholder="batch",
        takes=RequestBatchPrediction,
        page=Page[BatchPredictionResponse],
        lists="list_batch_predictions",
        requests="request_batch_prediction",
        gets="get_batch_prediction",
        cancels="cancel_batch_prediction",
        problems=(404,),
    )

    def decide_request(
        self, command: RequestBatchPrediction, context: Context
    ) -> Outcome[BatchPredictionResponse]:
        """Let a job wait for a worker; refuse now all that can be known to fail."""
        parse_explain(command.explain)
        return handlers.request_batch_prediction(
            command,
            context=context,
            ledger=self._service.ledger,
            identity=self._service.identity,
            features_of=self._service.features_of,
        )
