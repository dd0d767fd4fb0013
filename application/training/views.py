"""What readers see of training jobs."""

from typing import Any

from application.jobs.views import JobResponse, pending
from application.models.views import VersionDifference
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
        resulting_version_id: What it trained, or trained again; None until it completed.
        resulting_version: The number of that version.
        metrics: The newest on the validation rows.
        priority: From -9 to 9; of waiting jobs, the one with the highest is begun first.
        retries: The job whose plan this one is carried out after; None for a plan of its own.
        verifies: The id of the version that is trained again; None for a new one.
    """

    resulting_version_id: str | None
    resulting_version: str | None
    metrics: dict[str, float]
    priority: int
    retries: str | None
    verifies: str | None


class VerificationResponse(TrainingJobResponse):
    """A training job that trains a version again, as it is told to who asks for it.

    Attributes:
        environment_differences: What the first training had in another version than there is here, libraries or
            this program, so that it may come out otherwise; a worker elsewhere may have yet another.
    """

    environment_differences: list[VersionDifference]


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
        priority=event.priority,
        retries=None if event.retries is None else str(event.retries),
        verifies=None if event.verifies is None else str(event.verifies),
    )
