"""How the documents of training jobs follow from events."""

from typing import Any

from application.jobs.documents import JobDocuments
from application.ports.read_models import Collection
from application.training.views import TrainingJobResponse, requested_view
from domain.jobs.events import JobChanged
from domain.training.events import TrainingJobCompleted, TrainingJobProgressed, TrainingJobStarted
from domain.training.job import TrainingJob


def _changes(event: JobChanged) -> dict[str, Any]:
    match event:
        case TrainingJobStarted():
            return {"metrics": {}}
        case TrainingJobProgressed():
            return {"metrics": event.metrics}
        case TrainingJobCompleted():
            return {
                "resulting_version_id": str(event.version_id),
                "resulting_version": event.version,
                "metrics": event.trained.metrics,
            }
        case _:
            return {}


TRAINING_JOBS = JobDocuments(
    of=TrainingJob,
    collection=Collection.JOBS,
    view=TrainingJobResponse,
    requested=requested_view,
    changes=_changes,
)
