"""Of several runners one leads and applies, the others tell of it, and one goes on when it is gone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from application.ports.read_models import Collection, Rows
from domain.kernel import DomainEvent
from domain.models.events import ModelRenamed
from infrastructure.read_models.dialects import sqlite_url
from infrastructure.read_models.runner import ReadModelRunner
from infrastructure.read_models.sql import SqlReadModels
from tests.support.documents import a_model
from tests.support.events import model_renamed
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.event_log import InMemoryEventLog
from tests.support.fakes.leadership import InMemoryLeadership, InMemoryLease
from tests.support.processes import eventually

MODEL = UUID(int=1)
WAIT_S = 20


class Engine:
    """A runner with a lease to compete for, and what it has applied and heard of."""

    def __init__(self, log: InMemoryEventLog, read_models: SqlReadModels, lease: InMemoryLease) -> None:
        self.leadership = InMemoryLeadership(lease)
        self.applied: list[int] = []
        self.heard: list[int] = []
        self.runner = ReadModelRunner(
            log=log,
            read_models=read_models,
            projections=[self._project],
            clock=FakeClock(),
            leadership=self.leadership,
            page_events=7,
            backoff_s=(0.01, 0.05),
        )
        self.runner.on_page(lambda _, page: self.heard.extend(each.position for each in page))
        self.runner.start()

    def _project(self, event: Any, position: int, rows: Rows) -> None:
        self.applied.append(position)
        if isinstance(event, ModelRenamed):
            document = a_model(MODEL, name=event.name, aggregate_version=position)
            rows.put(Collection.MODELS, MODEL, document, position=position)


@pytest.fixture
def read_models(tmp_path: Path) -> Iterator[SqlReadModels]:
    models = SqlReadModels(url=sqlite_url(tmp_path / "read_models.db"))
    yield models
    models.close()


@pytest.fixture
def log() -> InMemoryEventLog:
    return InMemoryEventLog()


@pytest.fixture
def start_engine(log: InMemoryEventLog, read_models: SqlReadModels) -> Iterator[Callable[[], Engine]]:
    lease = InMemoryLease()
    engines: list[Engine] = []

    def start() -> Engine:
        engines.append(Engine(log, read_models, lease))
        # of what others apply before it has begun, it would not tell
        assert eventually(lambda: log.followed == len(engines))
        return engines[-1]

    yield start
    for engine in engines:
        engine.runner.stop()


def renamed(count: int) -> list[DomainEvent]:
    return [model_renamed(name=f"name {number}") for number in range(count)]


def test_one_applies_and_all_tell_of_every_event_once_in_order(start_engine, log, read_models) -> None:
    engines = [start_engine() for _ in range(3)]
    for _ in range(20):
        log.append(*renamed(5))
    for engine in engines:
        assert engine.runner.wait_for(100, WAIT_S)
    leader = next(each for each in engines if each.leadership.is_held())
    assert leader.applied == list(range(1, 101))
    assert [each.applied for each in engines if each is not leader] == [[], []]
    for engine in engines:
        engine.runner.stop()
        assert engine.heard == list(range(1, 101))
    assert read_models.position() == 100


def test_without_the_lease_a_runner_waits_for_what_another_applies(start_engine, log, read_models) -> None:
    leader, follower = start_engine(), start_engine()
    assert leader.leadership.is_held()
    leader.runner.stop()
    log.append(*renamed(3))
    assert not follower.runner.wait_for(1, 0.2)
    with read_models.page(after=0, upto=2):
        pass
    assert follower.runner.wait_for(2, WAIT_S)
    assert not follower.runner.wait_for(3, 0.1)
    assert (follower.applied, follower.heard) == ([], [1, 2])
    assert follower.runner.status.lag == 1


def test_who_gets_the_lease_goes_on_where_the_read_models_are(start_engine, log, read_models) -> None:
    leader, follower = start_engine(), start_engine()
    assert leader.leadership.is_held()
    log.append(*renamed(10))
    assert leader.runner.wait_for(10, WAIT_S)
    leader.runner.stop()
    log.append(*renamed(10))
    assert follower.runner.wait_for(10, WAIT_S)
    leader.leadership.close()
    assert follower.runner.wait_for(20, WAIT_S)
    assert leader.applied == list(range(1, 11))
    assert follower.applied == list(range(11, 21))
    assert follower.heard == list(range(1, 21))
    document = read_models.get(Collection.MODELS, MODEL)
    assert document is not None
    assert document["aggregate_version"] == 20


def test_nothing_is_applied_twice_while_the_lease_changes_hands(start_engine, log) -> None:
    engines = [start_engine() for _ in range(3)]
    for _ in range(30):
        log.append(*renamed(4))
        holder = next((each for each in engines if each.leadership.is_held()), None)
        assert holder is not None
        if holder is not engines[-1]:
            holder.leadership.close()
    for engine in engines:
        assert engine.runner.wait_for(120, WAIT_S)
        engine.runner.stop()
        assert engine.heard == list(range(1, 121))
    applied = [position for engine in engines for position in engine.applied]
    assert set(applied) == set(range(1, 121))


def test_a_follower_stops_while_it_waits(start_engine, log) -> None:
    leader, follower = start_engine(), start_engine()
    assert leader.leadership.is_held()
    leader.runner.stop()
    log.append(*renamed(1))
    assert eventually(lambda: follower.runner.status.lag == 1)
    follower.runner.stop()
    assert not follower.runner.status.is_running
