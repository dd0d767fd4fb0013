"""The event store as the domain sees it: aggregates by id, events in order, and one way to commit.

Refusal
└── Conflict   request.conflict: somebody else wrote to the same stream first
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from types import MappingProxyType
from typing import Any, TypeVar, cast
from uuid import UUID

from eventsourcing.application import Application, LRUCache
from eventsourcing.persistence import IntegrityError, Notification
from eventsourcing.utils import Environment, EnvType

from application.following import Follower
from application.ports.event_log import PAGE_EVENTS, Recorded
from application.ports.snapshots import Snapshots
from application.snapshot import from_snapshot
from domain import kernel, naming
from domain.batches import batch as batches
from domain.batches.batch import BatchPrediction
from domain.commands import CommandCompleted
from domain.datasets import dataset as datasets
from domain.datasets.dataset import Dataset
from domain.datasets.events import DatasetRegistered
from domain.errors import Refusal
from domain.jobs.job import AnyJob, Job
from domain.models import model as models
from domain.models.events import ModelRegistered
from domain.models.model import Model
from domain.naming import NameReserved, Reservation, has_uuid_shape, never_reserved, reservation_id
from domain.training import job as training
from domain.training.job import TrainingJob

_log = logging.getLogger(__name__)

_STATES_MAX = 4096
_JOBS: Mapping[type[Job], Callable[[Any, Any], Any]] = MappingProxyType(
    {TrainingJob: training.evolve, BatchPrediction: batches.evolve}
)

State = TypeVar("State", bound=kernel.Aggregate)


class Conflict(Refusal):
    """Another command changed the same thing at the same moment; nothing of this one was stored."""

    code = "request.conflict"


class DuplicateCommand(Exception):
    """The command was carried out before; its record tells how."""

    def __init__(self, recorded: Recorded) -> None:
        super().__init__(f"the command was completed at position {recorded.position}")
        self.recorded = recorded


class Ledger(Application[UUID]):
    """All that ever happened. Safe to use from several threads.

    Whatever is decided on a stream that has an event which this program cannot read is refused: each method
    that returns a state, a record or an event of one raises `UnreadableHistory` then. The log reads on.

    Args:
        env: Where the log is.
        snapshots: Of models, from which to begin; None for none.
    """

    name = "ledger"

    def __init__(self, env: EnvType, *, snapshots: Snapshots | None = None) -> None:
        super().__init__(env)
        self._states = LRUCache[UUID, Any](maxsize=_STATES_MAX)
        self._snapshots = snapshots

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Take the settings given and no others: a stray variable of the process must not divert the log."""
        return Environment(name, dict(env or {}))

    def model(self, model_id: UUID) -> Model | None:
        """Return the model as of its last event; None when there is none."""
        return self._state(model_id, Model, models.evolve, ModelRegistered, resume=self._resumed_model)

    def dataset(self, dataset_id: UUID) -> Dataset | None:
        """Return the dataset as of its last event; None when there is none."""
        return self._state(dataset_id, Dataset, datasets.evolve, DatasetRegistered)

    def job(self, job_id: UUID, of: type[AnyJob]) -> AnyJob | None:
        """Return the job of this class as of its last event; None when there is none."""
        return self._state(job_id, of, _JOBS[of], of.KIND.requested)

    def reservation(self, kind: str, name: str, *, upto: int | None = None) -> Reservation:
        """Return who holds a name among models (`model`) or datasets (`dataset`), or held it at the position."""
        stream_id = reservation_id(kind, name)
        if upto is None:
            found = self._state(stream_id, Reservation, naming.evolve, NameReserved)
        else:  # a stream has no more events than there are positions
            until_then: Iterable[Any] = self._select(after=0, upto=upto, limit=upto, originator_id=stream_id)
            found = kernel.fold(naming.evolve, (each.event for each in until_then), None)
        return found or never_reserved(kind, name)

    def id_of(self, kind: str, reference: str) -> UUID | None:
        """Return the id that a reference means: itself, or that of the holder of this name."""
        if has_uuid_shape(reference):
            return UUID(reference)
        return self.reservation(kind, naming.normal_form(reference)).holder_id

    def stream(self, originator_id: UUID) -> Iterator[Any]:
        """Yield all events of an aggregate."""
        return iter(self.events.get(originator_id))

    def event(self, originator_id: UUID, version: int) -> Any:
        """Return the event at this place of a stream."""
        event: Any
        (event,) = self.events.get(originator_id, gt=version - 1, lte=version)
        kernel.require_known(event)
        return event

    def last_event(self, originator_id: UUID) -> kernel.DomainEvent | None:
        """Return the newest event of an aggregate, readable or not; None when there is none."""
        newest: Iterator[Any] = self.events.get(originator_id, desc=True, limit=1)
        return next(newest, None)

    def completed(self, stream_id: UUID) -> Recorded | None:
        """Return the record of a command; None when it was never carried out."""
        found = self._select(after=0, limit=1, originator_id=stream_id)
        if not found:
            return None
        kernel.require_known(found[0].event)
        return found[0]

    def commit(self, events: Sequence[kernel.DomainEvent], record: CommandCompleted | None = None) -> int:
        """Store the events, and the command's record with them, all or none; return the last position.

        Events that are stored already, by a commit whose answer was lost, count as stored by this one.

        Raises:
            DuplicateCommand: The command was carried out before.
            Conflict: One of the streams has moved on since it was read.
        """
        everything = [*events, record] if record is not None else list(events)
        if not everything:
            return self.head()
        try:
            return self.save(*everything)[-1].notification.id
        except IntegrityError:
            if (position := self._stored_before(everything)) is not None:
                return position
            if record is not None and (done := self.completed(record.originator_id)) is not None:
                raise DuplicateCommand(done) from None
            message = (
                "Another command changed the same thing at the same moment: read it again, then decide again."
            )
            raise Conflict(message) from None

    @property
    def answers_may_be_lost(self) -> bool:
        """Whether events can be stored by a commit that was never answered."""
        recorder: Any = self.recorder
        return bool(recorder.answers_may_be_lost)

    def head(self) -> int:
        """Return the position of the newest event; 0 when there is none."""
        return self.recorder.max_notification_id() or 0

    def read(
        self,
        *,
        after: int,
        limit: int,
        upto: int | None = None,
        topics: Sequence[str] = (),
        originator_id: UUID | None = None,
    ) -> list[Recorded]:
        """Return the next events after the position, up to and with `upto`, of these topics and this stream
        where given."""
        return self._select(after=after, limit=limit, upto=upto, topics=topics, originator_id=originator_id)

    def at(self, position: int) -> Recorded | None:
        """Return the event at the position, readable or not; None when there is none."""
        return next(iter(self._select(after=position - 1, upto=position, limit=1)), None)

    def hash_at(self, position: int) -> bytes | None:
        """Return the hash of the chain at the position, by which one past is told from all others; None where
        there is none."""
        return cast("bytes | None", cast("Any", self.recorder).hash_at(position))

    @contextmanager
    def follow(
        self, *, after: int, topics: Sequence[str] = (), page_events: int = PAGE_EVENTS
    ) -> Iterator[Follower]:
        """Follow the log from the position on, across processes; only these topics, where given."""
        with self.recorder.subscribe(gt=after, topics=topics) as subscription:
            yield Follower(subscription, self._recorded, page_events=page_events)

    def _stored_before(self, events: Sequence[kernel.DomainEvent]) -> int | None:
        """Return the last one's position when these very events are stored; None when they are not.

        They are told from those of another command by all they hold: the ids follow from the command's.
        """
        for event in events:
            version = event.originator_version
            stored: Iterator[Any] = self.events.get(event.originator_id, gt=version - 1, lte=version)
            if next(stored, None) != event:
                return None
        last, recorder = events[-1], cast("Any", self.recorder)
        return cast("int | None", recorder.position_of(last.originator_id, version=last.originator_version))

    def _select(self, **selection: Any) -> list[Recorded]:
        recorder: Any = self.recorder
        return self._recorded(recorder.select_range(**selection))

    def _recorded(self, notifications: Iterable[Notification]) -> list[Recorded]:
        read: Callable[[Notification], Any] = self.mapper.to_domain_event
        return [Recorded.model_construct(position=each.id, event=read(each)) for each in notifications]

    def _state(
        self,
        stream_id: UUID,
        kind: type[State],
        evolve: Callable[[State | None, Any], State],
        first: type[kernel.DomainEvent],
        *,
        resume: Callable[[UUID], State | None] = lambda _: None,
    ) -> State | None:
        """Return the state of a stream that begins with an event of type `first`; None for any other.

        States are immutable, so one that was read before is only moved on by what came since. (The
        library's repository keeps the state it cached first, and would fold ever more events on it.)
        """
        cached: State | None = None
        with suppress(KeyError):
            cached = self._states.get(stream_id)
        if cached is not None and not isinstance(cached, kind):
            return None
        known = cached if cached is not None else resume(stream_id)
        since: Iterator[Any] = self.events.get(stream_id, gt=known.version if known else None)
        if known is None:
            begin = next(since, None)
            if begin is not None:
                kernel.require_known(begin)
            if not isinstance(begin, first):
                return None
            since = chain([begin], since)
        state = kernel.fold(evolve, since, known)
        if state is not cached:
            self._states.put(stream_id, state)
        return state

    def _resumed_model(self, model_id: UUID) -> Model | None:
        """Return the model's snapshot if this log confirms it; None when there is none to rely on.

        The log may be another by now: restored from before the snapshot, then continued by other commands.
        The last event in the snapshot must stand where it stood, by its id, which follows from its command,
        and by its instant, which tells apart one command sent to both logs.
        """
        if self._snapshots is None:
            return None
        try:
            kept = self._snapshots.latest(model_id)
            remembered = from_snapshot(kept) if kept is not None else None
        except Exception as error:  # a cache that fails, in whatever way, is a cache that has nothing
            _log.warning("The snapshot of model %s cannot be used: %s", model_id, error)
            return None
        if remembered is None:
            return None
        model = remembered.model
        here: Iterator[Any] = iter(self.events.get(model_id, gt=model.version - 1, lte=model.version))
        last = next(here, None)
        is_of_this_log = (
            last is not None
            and last.originator_id == model.id
            and last.event_id == remembered.last_event_id
            and last.provenance.timestamp == model.updated_at
        )
        return model if is_of_this_log else None
