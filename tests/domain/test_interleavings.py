"""Whatever several clients ask at once, each on what it read a while ago, the rules hold.

The store rejects an append to a place that is taken; nothing else protects the rules but the decisions.
"""

from collections import Counter, defaultdict
from itertools import count
from uuid import UUID

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain import naming
from domain.errors import DomainError
from domain.jobs import job as jobs
from domain.jobs.values import InterruptionCause
from domain.kernel import DomainEvent, Provenance
from domain.models import model as models
from domain.models.errors import NameTaken
from domain.models.events import (
    AliasAssigned,
    AliasRemoved,
    ModelNameReleased,
    ModelNameReserved,
    ModelRegistered,
    ModelRenamed,
    ModelRetired,
    VersionRegistered,
    VersionStatusChanged,
)
from domain.models.values import ModelStatus, ModelType
from domain.naming import Reservation, never_reserved, normal_form, reservation_id
from domain.training import job as training
from domain.training.events import (
    TrainingJobCancelled,
    TrainingJobCompleted,
    TrainingJobFailed,
    TrainingJobStarted,
)
from tests.domain.histories import TRAINED, a_model, a_pending_job, a_version
from tests.domain.small_store import Client, SmallStore
from tests.support.examples import examples
from tests.support.given import provenance
from tests.support.strategies_domain import Command, version_commands

NAMES = st.sampled_from(["churn", "caf\u00e9", "cafe\u0301"])
EVERY_NAME = ("churn", "caf\u00e9")
CLIENTS = st.integers(0, 2)
MODELS = st.integers(0, 1).map(lambda number: UUID(int=number))
IS_FRESH = st.sampled_from([True, True, False])
"""Whether a client reads once more before it decides; else it may decide on what was long ago."""
STATES = settings(
    max_examples=examples(40),
    stateful_step_count=40,
    # Shrinking a failure takes longer than a test may: the first one found is told as it is.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)


class _Machine(RuleBasedStateMachine):
    """Three clients of one store."""

    def __init__(self) -> None:
        super().__init__()
        self.store = SmallStore()
        self.clients = [Client(self.store) for _ in range(3)]
        self._commands = count()

    def by(self) -> Provenance:
        return provenance(next(self._commands))

    def look_at_everything(self, client: int) -> None:
        for stream_id in list(self.store.streams):
            self.clients[client].look(stream_id)


class SeveralClientsOfTheRegistry(_Machine):
    """Register, rename, retire, register versions, move them, point aliases at them."""

    def __init__(self) -> None:
        super().__init__()
        self.register(client=0, model_id=UUID(int=0), name="churn")
        for _ in range(2):
            self.look_at_everything(client=0)
            model = self.clients[0].state(UUID(int=0), models.evolve)
            arguments = a_version(model.next_minor)
            self.store.append([models.register_version(model, **arguments, by=self.by())])

    @rule(client=CLIENTS, model_id=MODELS)
    def look_at_a_model(self, client: int, model_id: UUID) -> None:
        self.clients[client].look(model_id)

    @rule(client=CLIENTS, name=NAMES)
    def look_at_a_name(self, client: int, name: str) -> None:
        self.clients[client].look(reservation_id("model", name))

    @rule(client=CLIENTS, model_id=MODELS, name=NAMES)
    def register(self, client: int, model_id: UUID, name: str) -> None:
        by = self.by()
        registered = models.register(
            model_id=model_id, name=name, type=ModelType.REGRESSION, description=None, metadata={}, by=by
        )
        if (reserved := self.reserved(client, registered.name, model_id, by)) is not None:
            self.store.append([registered, reserved])

    @rule(client=CLIENTS, model_id=MODELS, name=NAMES, is_fresh=IS_FRESH)
    def rename(self, client: int, model_id: UUID, name: str, is_fresh: bool) -> None:
        by = self.by()
        model = self.model(client, model_id, is_fresh=is_fresh)
        if model is None or model.is_retired:
            return
        for renamed in models.rename(model, name=name, by=by):
            released = self.released(client, model, by)
            if (reserved := self.reserved(client, renamed.name, model_id, by)) is not None:
                self.store.append([renamed, released, reserved])

    @rule(client=CLIENTS, model_id=MODELS, is_fresh=IS_FRESH)
    def retire(self, client: int, model_id: UUID, is_fresh: bool) -> None:
        by = self.by()
        model = self.model(client, model_id, is_fresh=is_fresh)
        if model is not None and not model.is_retired:
            self.store.append([models.retire(model, by=by), self.released(client, model, by)])

    @rule(client=CLIENTS, model_id=MODELS, first=version_commands(), second=version_commands(), is_fresh=IS_FRESH)
    def change(self, client: int, model_id: UUID, first: Command, second: Command, is_fresh: bool) -> None:
        for command in (first, second):
            model = self.model(client, model_id, is_fresh=is_fresh)
            if model is not None:
                self.store.append(command.on(model))

    def model(self, client: int, model_id: UUID, *, is_fresh: bool) -> models.Model | None:
        if is_fresh:
            self.look_at_everything(client)
        return self.clients[client].state(model_id, models.evolve)

    def reservation(self, client: int, name: str) -> Reservation:
        seen = self.clients[client].state(reservation_id("model", name), naming.evolve)
        return seen if seen is not None else never_reserved("model", name)

    def reserved(self, client: int, name: str, holder_id: UUID, by: Provenance) -> DomainEvent | None:
        try:
            return naming.reserve(
                self.reservation(client, name),
                name=name,
                holder_id=holder_id,
                event=ModelNameReserved,
                taken=NameTaken,
                by=by,
            )
        except NameTaken:
            return None

    def released(self, client: int, model: models.Model, by: Provenance) -> DomainEvent:
        return naming.release(
            self.reservation(client, model.name),
            name=model.name,
            holder_id=model.id,
            event=ModelNameReleased,
            by=by,
        )

    @invariant()
    def at_most_one_version_of_a_model_is_in_production(self) -> None:
        statuses: defaultdict[UUID, dict[UUID, ModelStatus]] = defaultdict(dict)
        for event in self.store.log:
            if isinstance(event, VersionStatusChanged):
                of_model = statuses[event.originator_id]
                assert of_model.get(event.version_id, ModelStatus.STAGING) is event.previous
                of_model[event.version_id] = event.status
        assert all(list(each.values()).count(ModelStatus.PRODUCTION) <= 1 for each in statuses.values())

    @invariant()
    def no_number_is_used_twice(self) -> None:
        used = Counter(
            (event.originator_id, event.version)
            for event in self.store.log
            if isinstance(event, VersionRegistered)
        )
        assert set(used.values()) <= {1}

    @invariant()
    def an_alias_points_to_a_version_of_its_model(self) -> None:
        versions: set[tuple[UUID, UUID]] = set()
        aliases: dict[tuple[UUID, str], UUID] = {}
        for event in self.store.log:
            match event:
                case VersionRegistered():
                    versions.add((event.originator_id, event.version_id))
                case AliasAssigned():
                    assert (event.originator_id, event.version_id) in versions
                    assert aliases.get((event.originator_id, event.alias)) == event.previous_version_id
                    aliases[event.originator_id, event.alias] = event.version_id
                case AliasRemoved():
                    assert aliases.pop((event.originator_id, event.alias)) == event.version_id

    @invariant()
    def a_name_has_one_holder_who_has_reserved_it(self) -> None:
        held: dict[UUID, str] = {}
        for event in self.store.log:
            match event:
                case ModelRegistered() | ModelRenamed():
                    held[event.originator_id] = event.name
                case ModelRetired():
                    del held[event.originator_id]
        assert len(set(held.values())) == len(held)
        newcomer = Client(self.store)
        for name in EVERY_NAME:
            newcomer.look(reservation_id("model", name))
            reservation = newcomer.state(reservation_id("model", name), naming.evolve)
            holders = [model_id for model_id, each in held.items() if each == normal_form(name)]
            assert [reservation.holder_id] == (holders or [None]) if reservation else not holders


JOBS = st.integers(0, 1)
ATTEMPTS = st.sampled_from([None, None, None, 1, 2])
"""None for the attempt that the worker believes to be the newest."""


class SeveralWorkersAndUsers(_Machine):
    """Two jobs for one model, held, lost, stopped and finished by workers that may have slept."""

    def __init__(self) -> None:
        super().__init__()
        (registered,) = a_model().events
        (requested,) = a_pending_job().events
        self.model_id = registered.originator_id
        self.job_ids = [UUID(int=100 + number) for number in range(2)]
        self.store.append([registered])
        for job_id in self.job_ids:
            self.store.append([requested.model_copy(update={"originator_id": job_id})])
        for each in range(len(self.clients)):
            self.look_at_everything(client=each)
        self.versions = count()

    @rule(client=CLIENTS)
    def look(self, client: int) -> None:
        self.look_at_everything(client)

    @rule(client=CLIENTS)
    def look_at_the_model_only(self, client: int) -> None:
        self.clients[client].look(self.model_id)

    @rule(client=CLIENTS, job=JOBS, is_fresh=IS_FRESH)
    def start(self, client: int, job: int, is_fresh: bool) -> None:
        if is_fresh:
            self.look_at_everything(client)
        self.decide(jobs.start, client, job, worker=f"w-{client}")

    @rule(client=CLIENTS, job=JOBS, attempt=ATTEMPTS, cause=st.sampled_from(InterruptionCause))
    def interrupt(self, client: int, job: int, attempt: int | None, cause: InterruptionCause) -> None:
        self.decide(jobs.interrupt, client, job, attempt=attempt, cause=cause)

    @rule(client=CLIENTS, job=JOBS, attempt=ATTEMPTS, percent=st.integers(0, 100))
    def progress(self, client: int, job: int, attempt: int | None, percent: int) -> None:
        self.decide(training.progress, client, job, attempt=attempt, percent=percent, iteration=1, metrics={})

    @rule(client=CLIENTS, job=JOBS)
    def cancel(self, client: int, job: int) -> None:
        self.decide(jobs.cancel, client, job)

    @rule(client=CLIENTS, job=JOBS, attempt=ATTEMPTS)
    def confirm_cancelled(self, client: int, job: int, attempt: int | None) -> None:
        self.decide(jobs.confirm_cancelled, client, job, attempt=attempt)

    @rule(client=CLIENTS, job=JOBS, attempt=ATTEMPTS)
    def fail(self, client: int, job: int, attempt: int | None) -> None:
        self.decide(jobs.fail, client, job, attempt=attempt, code="training.failed", error="It did not work.")

    @rule(client=CLIENTS, job=JOBS, attempt=ATTEMPTS)
    def complete(self, client: int, job: int, attempt: int | None) -> None:
        by = self.by()
        job_id = self.job_ids[job]
        model = self.clients[client].state(self.model_id, models.evolve)
        arguments = a_version(next(self.versions), training_job_id=job_id)
        version = models.register_version(model, **arguments, by=by)
        self.decide(
            training.complete,
            client,
            job,
            version,
            attempt=attempt,
            version_id=version.version_id,
            version=version.version,
            trained=TRAINED,
        )

    def decide(self, decide, client: int, job: int, *beside: DomainEvent, **arguments) -> None:
        state = self.clients[client].state(self.job_ids[job], training.evolve)
        if "attempt" in arguments:
            arguments["attempt"] = arguments["attempt"] or state.attempt
        try:
            outcome = decide(state, **arguments, by=self.by())
        except DomainError:
            return
        self.store.append([*(outcome if isinstance(outcome, tuple) else (outcome,)), *beside])

    @invariant()
    def a_job_ends_at_most_once_and_nothing_follows(self) -> None:
        ends = (TrainingJobCompleted, TrainingJobFailed, TrainingJobCancelled)
        for job_id in self.job_ids:
            stream = self.store.streams[job_id]
            assert not any(isinstance(event, ends) for event in stream[:-1])

    @invariant()
    def attempts_count_up_from_one(self) -> None:
        for job_id in self.job_ids:
            starts = [event for event in self.store.streams[job_id] if isinstance(event, TrainingJobStarted)]
            assert [event.attempt for event in starts] == list(range(1, len(starts) + 1))

    @invariant()
    def a_completed_job_has_one_version_and_a_version_one_completed_job(self) -> None:
        completed = [
            (event.originator_id, event.version_id, event.version)
            for event in self.store.log
            if isinstance(event, TrainingJobCompleted)
        ]
        registered = [
            (event.training_job_id, event.version_id, event.version)
            for event in self.store.streams[self.model_id]
            if isinstance(event, VersionRegistered)
        ]
        assert completed == registered
        assert [number for *_, number in registered] == [f"1.{minor}.0" for minor in range(len(registered))]


TestSeveralClientsOfTheRegistry = SeveralClientsOfTheRegistry.TestCase
TestSeveralClientsOfTheRegistry.settings = STATES
TestSeveralWorkersAndUsers = SeveralWorkersAndUsers.TestCase
TestSeveralWorkersAndUsers.settings = STATES
