"""How the documents of batch predictions follow from events."""

from typing import Any

from application.batches.views import BatchPredictionResponse, requested_view
from application.jobs.documents import JobDocuments
from application.ports.read_models import Collection
from domain.batches.batch import BatchPrediction
from domain.batches.events import (
    BatchPredictionCompleted,
    BatchPredictionInterrupted,
    BatchPredictionProgressed,
    BatchPredictionStarted,
)
from domain.jobs.events import JobChanged


def _changes(event: JobChanged) -> dict[str, Any]:
    match event:
        case BatchPredictionStarted() | BatchPredictionInterrupted():
            return {"rows": 0}
        case BatchPredictionProgressed():
            return {"rows": event.rows}
        case BatchPredictionCompleted():
            return {
                "rows": event.rows,
                "name": event.name,
                "resulting_dataset_id": str(event.dataset_id),
                "resulting_sha256": event.sha256,
            }
        case _:
            return {}


BATCH_PREDICTIONS = JobDocuments(
    of=BatchPrediction,
    collection=Collection.BATCHES,
    view=BatchPredictionResponse,
    requested=requested_view,
    changes=_changes,
)
