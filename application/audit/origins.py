"""The events behind a version: its dataset's, its training's, its own, and those that moved it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from application.audit.views import EventReference, event_reference
from application.ledger import Ledger
from application.ports.event_log import Recorded
from application.ports.read_models import Collection, Document, ReadModels
from domain.datasets.events import DatasetRegistered
from domain.errors import UnreadableHistory
from domain.kernel import DomainEvent, UnknownEvent
from domain.models.events import ModelRetired, VersionRegistered, VersionStatusChanged, VersionVerified
from domain.models.values import ModelStatus
from domain.training.events import (
    TrainingJobCompleted,
    TrainingJobInterrupted,
    TrainingJobRequested,
    TrainingJobStarted,
)

Event = TypeVar("Event", bound=DomainEvent)

_PAGE = 1000
_TRAINING = (TrainingJobRequested, TrainingJobStarted, TrainingJobInterrupted, TrainingJobCompleted)
"""What a job's history tells of where a version is from; how far it was at times does not matter."""


@dataclass(frozen=True, kw_only=True)
class Fact(Generic[Event]):
    """An event of a known type, and its place in the log."""

    position: int
    event: Event

    @property
    def reference(self) -> EventReference:
        """Where the event is, and who is behind it."""
        return event_reference(Recorded.model_construct(position=self.position, event=self.event))


@dataclass(frozen=True, kw_only=True)
class Origins:
    """Where a version is from.

    Attributes:
        registered: When the model got it.
        requested: The job that trained it; None when it was trained elsewhere, or the log has no such job.
        attempts: When workers began with that job, and when they had to let go of it.
        completed: When the job had trained it.
        dataset: What it learned from; None when that is not known, or not in the log.
    """

    registered: Fact[VersionRegistered]
    requested: Fact[TrainingJobRequested] | None
    attempts: Sequence[Fact[TrainingJobStarted] | Fact[TrainingJobInterrupted]]
    completed: Fact[TrainingJobCompleted] | None
    dataset: Fact[DatasetRegistered] | None


def origins_of(version_id: UUID, *, ledger: Ledger, read_models: ReadModels, at: int) -> Origins:
    """Return where a version is from that was there at the position.

    Only the events that matter are read, however long the model's history is: its documents say where.

    Raises:
        UnreadableHistory: The event that registered the version cannot be read.
    """
    began = read_models.changed_at(Collection.VERSIONS, version_id, upto=at)[0]
    registered = _registration(version_id, began, ledger=ledger)
    job_id, dataset_id = registered.event.training_job_id, registered.event.dataset_id
    topics = [each.TOPIC for each in _TRAINING]
    training = [] if job_id is None else list(_stream(job_id, topics, ledger=ledger, upto=at))
    dataset = [] if dataset_id is None else ledger.read(after=0, limit=1, originator_id=dataset_id)
    return Origins(
        registered=registered,
        requested=next(_facts(training, TrainingJobRequested), None),
        attempts=sorted(
            [*_facts(training, TrainingJobStarted), *_facts(training, TrainingJobInterrupted)],
            key=lambda each: each.position,
        ),
        completed=next(_facts(training, TrainingJobCompleted), None),
        dataset=next(_facts(dataset, DatasetRegistered), None),
    )


def moves_of(
    version_id: UUID, *, ledger: Ledger, read_models: ReadModels, at: int
) -> list[Fact[VersionStatusChanged]]:
    """Return how a version has come to its status: its last promotion and all moves since, in order; all its
    moves when it was never promoted."""
    found: list[Fact[VersionStatusChanged]] = []
    for position in reversed(read_models.changed_at(Collection.VERSIONS, version_id, upto=at)):
        move = fact_at(position, VersionStatusChanged, ledger=ledger)
        if move is None:  # an alias, a verification, or the registration
            continue
        found.insert(0, move)
        if move.event.status is ModelStatus.PRODUCTION:
            break
    return found


def verification_of(
    version_id: UUID, *, ledger: Ledger, read_models: ReadModels, at: int
) -> Fact[VersionVerified] | None:
    """Return the newest verification of a version by the position; None where there was none."""
    positions = read_models.changed_at(Collection.VERSIONS, version_id, upto=at)
    found = (fact_at(position, VersionVerified, ledger=ledger) for position in reversed(positions))
    return next((each for each in found if each is not None), None)


def retirement_of(model: Document, *, ledger: Ledger, at: int) -> Fact[ModelRetired] | None:
    """Return when a model was retired; None when it was not by the position, or that cannot be read."""
    if model["retired_at"] is None:
        return None
    topics = (ModelRetired.TOPIC,)
    found = ledger.read(after=0, upto=at, limit=1, topics=topics, originator_id=UUID(model["id"]))
    return next(_facts(found, ModelRetired), None)


def beside(move: Fact[VersionStatusChanged], *, ledger: Ledger, step: int) -> Fact[VersionStatusChanged] | None:
    """Return the move of another version by the same command, one position before (-1) or behind (1) it."""
    other = fact_at(move.position + step, VersionStatusChanged, ledger=ledger)
    if other is None or other.event.provenance.command_id != move.event.provenance.command_id:
        return None
    return other


def fact_at(position: int, kind: type[Event], *, ledger: Ledger) -> Fact[Event] | None:
    """Return the event at the position when it is of this type."""
    recorded = ledger.at(position) if position > 0 else None
    return next(_facts([] if recorded is None else [recorded], kind), None)


def _registration(version_id: UUID, position: int, *, ledger: Ledger) -> Fact[VersionRegistered]:
    found = fact_at(position, VersionRegistered, ledger=ledger)
    if found is not None:
        return found
    recorded = ledger.at(position)
    event = None if recorded is None else recorded.event
    raise UnreadableHistory(
        stream_id=version_id if event is None else event.originator_id,
        version=0 if event is None else event.originator_version,
        topic=VersionRegistered.TOPIC,
        error=event.error if isinstance(event, UnknownEvent) else f"it is not at position {position}",
    )


def _stream(originator_id: UUID, topics: Sequence[str], *, ledger: Ledger, upto: int) -> Iterator[Recorded]:
    after = 0
    while page := ledger.read(after=after, limit=_PAGE, upto=upto, topics=topics, originator_id=originator_id):
        yield from page
        after = page[-1].position


def _facts(recorded: Iterable[Recorded], kind: type[Event]) -> Iterator[Fact[Event]]:
    for each in recorded:
        if isinstance(each.event, kind):
            yield Fact(position=each.position, event=each.event)
