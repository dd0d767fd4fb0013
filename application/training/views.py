"""What readers see of training jobs."""

from typing import Any

from application.jobs.views import JobResponse, pending
from application.views import View
from domain.training.events import TrainingJobRequested


class TrainingJobBase(View):
    """What a training job is asked for with."""

    model_id: str
    dataset_id: str
    hyperparameters: dict[str, Any]


class TrainingJobResponse(JobResponse, TrainingJobBase):
    """A training job.

    Attributes:
        resulting_version_id: What it trained; None until it completed.
        resulting_version: The number of that version.
        metrics: The newest on the validation rows.
    """

    resulting_version_id: str | None
    resulting_version: str | None
    metrics: dict[str, float]


def requested_view(event: TrainingJobRequested) -> TrainingJobResponse:
    """Return what a reader sees of a job that has just been asked for."""
    return TrainingJobResponse(
        **pending(event),
        model_id=str(event.model_id),
        dataset_id=str(event.plan.dataset_id),
        hyperparameters=event.hyperparameters,
        resulting_version_id=None,
        resulting_version=None,
        metrics={},
    )
