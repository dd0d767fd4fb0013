"""Where a version is from: the artifact, the training, the dataset, and the commands behind each."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from application.audit.gaps import gaps_of
from application.audit.origins import Fact, Origins, origins_of, verification_of
from application.audit.views import EventReference
from application.ledger import Ledger
from application.models.views import VersionVerification, verification_view
from application.ports.artifacts import ArtifactUnavailable, sha256_of
from application.ports.read_models import Document, ReadModels
from application.views import View
from domain.models.events import VersionRegistered, VersionVerified
from domain.models.values import ModelStatus
from domain.training.events import TrainingJobStarted
from domain.training.values import TrainingPlan


class ArtifactLineage(View):
    """What predicts.

    Attributes:
        sha256: Of the manifest, which names the hash of all else; null where the bytes are not kept here.
    """

    url: str
    sha256: str | None


class AttemptLineage(View):
    """A worker's attempt at the training.

    Attributes:
        ended: How it ended: `completed`, or why the worker had to let go of the job.
        started: The event.
    """

    attempt: int
    worker: str
    ended: str | None
    started: EventReference


class PlanLineage(View):
    """What decided what a training would give, beside the bytes of the dataset.

    Attributes:
        target: The column that is learned; null where none is.
        features: The columns that are learned from.
        time: The column that tells the order of the rows; null where it is of no account.
        series: The column that tells series apart; null where there is one.
        group: The column whose equal values are held out together; null where rows stand for themselves.
        hyperparameters: All of them, with the defaults that there were then.
    """

    target: str | None
    features: list[str]
    time: str | None
    series: str | None
    group: str | None
    hyperparameters: dict[str, Any]


class TrainingLineage(View):
    """The training that made a version.

    Attributes:
        hyperparameters: As they were asked for.
        plan: What they came to.
        parameters: What the learning library was given.
        environment: Versions of this program and of the libraries that took part.
        best_iteration: Boosting rounds kept.
        duration_s: Wall time of the training, in seconds.
        peak_memory_bytes: The most that its process held; null where nobody measured it.
        requested: The event, by the command that asked for the training.
        completed: The event, in one transaction with the version's registration.
    """

    job_id: str
    hyperparameters: dict[str, Any]
    plan: PlanLineage
    parameters: dict[str, Any] | None
    environment: dict[str, str] | None
    best_iteration: int | None
    duration_s: float | None
    peak_memory_bytes: int | None
    attempts: list[AttemptLineage]
    requested: EventReference
    completed: EventReference | None


class DatasetLineage(View):
    """The dataset that a version learned from.

    Attributes:
        sha256: Of its bytes.
        supersedes: The dataset that it is the newer state of.
        registered: The event, by the command that registered it.
    """

    id: str
    name: str
    uri: str
    sha256: str
    size_bytes: int
    rows: int
    target: str | None
    supersedes: str | None
    registered: EventReference


class VerificationLineage(VersionVerification):
    """The newest training by which a version was to come out again.

    Attributes:
        verified: The event.
    """

    verified: EventReference


class SourceLineage(View):
    """What a version that was trained elsewhere was copied from.

    Attributes:
        sha256: Of the bytes that lay there; null where a program of before copied them.
    """

    url: str
    sha256: str | None


class VersionLineage(View):
    """Where a version is from.

    Attributes:
        artifact: What predicts; null where there is none.
        source: What that was copied from; null where it was trained here.
        dataset_sha256: The very bytes it learned from, as its registration says.
        registered: The event that registered it.
        training: What made it; null where it was trained elsewhere.
        dataset: What it learned from; null where that is not known here.
        verification: What came of training it again, the last time; null where nobody asked for that.
        gaps: What the log cannot tell, a sentence each.
    """

    model_id: str
    model: str
    version_id: str
    version: str
    status: ModelStatus
    artifact: ArtifactLineage | None
    source: SourceLineage | None
    dataset_sha256: str | None
    registered: EventReference
    training: TrainingLineage | None
    dataset: DatasetLineage | None
    verification: VerificationLineage | None
    gaps: list[str]


def lineage_of(
    model: Document, version: Document, *, ledger: Ledger, read_models: ReadModels, at: int
) -> VersionLineage:
    """Return where the version is from.

    Args:
        model: Its model.
        version: As it was at the position.
        ledger: The log.
        read_models: That have reached the position.
        at: The position.

    Raises:
        UnreadableHistory: The event that registered the version cannot be read.
    """
    version_id = UUID(version["id"])
    origins = origins_of(version_id, ledger=ledger, read_models=read_models, at=at)
    # not looked for where there is none: that would read every change of the version
    is_verified = version.get("verification") is not None
    return VersionLineage(
        model_id=model["id"],
        model=model["name"],
        version_id=version["id"],
        version=version["version"],
        status=version["status"],
        artifact=_artifact(version["artifact_url"]),
        source=_source(origins.registered.event),
        dataset_sha256=version["dataset_sha256"],
        registered=origins.registered.reference,
        training=_training(origins),
        dataset=_dataset(origins),
        verification=_verification(
            verification_of(version_id, ledger=ledger, read_models=read_models, at=at) if is_verified else None
        ),
        gaps=gaps_of(model, origins, ledger=ledger, read_models=read_models, at=at),
    )


def _artifact(url: str | None) -> ArtifactLineage | None:
    if url is None:
        return None
    sha256 = None
    with suppress(ArtifactUnavailable):  # the URL leads out of here
        sha256 = sha256_of(url)
    return ArtifactLineage(url=url, sha256=sha256)


def _source(registered: VersionRegistered) -> SourceLineage | None:
    if registered.source_url is None:
        return None
    return SourceLineage(url=registered.source_url, sha256=registered.source_sha256)


def _verification(fact: Fact[VersionVerified] | None) -> VerificationLineage | None:
    if fact is None:
        return None
    return VerificationLineage(**verification_view(fact.event).model_dump(), verified=fact.reference)


def _training(origins: Origins) -> TrainingLineage | None:
    requested, completed = origins.requested, origins.completed
    if requested is None:
        return None
    trained = None if completed is None else completed.event.trained
    return TrainingLineage(
        job_id=str(requested.event.originator_id),
        hyperparameters=requested.event.hyperparameters,
        plan=_plan(requested.event.plan),
        parameters=None if trained is None else trained.parameters,
        environment=None if trained is None else trained.environment,
        best_iteration=None if trained is None else trained.best_iteration,
        duration_s=None if trained is None else trained.duration_s,
        peak_memory_bytes=None if trained is None else trained.peak_memory_bytes,
        attempts=_attempts(origins),
        requested=requested.reference,
        completed=None if completed is None else completed.reference,
    )


def _plan(plan: TrainingPlan) -> PlanLineage:
    roles = {"target": plan.target, "time": plan.time, "series": plan.series, "group": plan.group}
    return PlanLineage(
        **{role: None if column is None else column.name for role, column in roles.items()},
        features=[each.name for each in plan.features],
        hyperparameters=plan.hyperparameters.model_dump(mode="json"),
    )


def _attempts(origins: Origins) -> list[AttemptLineage]:
    ended: dict[int, str] = {}
    for each in origins.attempts:
        if not isinstance(each.event, TrainingJobStarted):
            ended[each.event.attempt] = each.event.cause
    if origins.completed is not None:
        ended[origins.completed.event.attempt] = "completed"
    return [
        AttemptLineage(
            attempt=each.event.attempt,
            worker=each.event.worker,
            ended=ended.get(each.event.attempt),
            started=each.reference,
        )
        for each in origins.attempts
        if isinstance(each.event, TrainingJobStarted)
    ]


def _dataset(origins: Origins) -> DatasetLineage | None:
    if origins.dataset is None:
        return None
    event = origins.dataset.event
    return DatasetLineage(
        id=str(event.originator_id),
        name=event.name,
        uri=event.uri,
        sha256=event.contents.sha256,
        size_bytes=event.contents.size_bytes,
        rows=event.contents.rows,
        target=event.target,
        supersedes=None if event.supersedes is None else str(event.supersedes),
        registered=origins.dataset.reference,
    )
