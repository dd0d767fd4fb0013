"""Read models made anew take the place of the live ones only where both say the same."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.sql.expression import Executable

from application.ports.read_models import Collection, Query
from infrastructure.read_models.building import Source, Stage, catch_up
from infrastructure.read_models.current import CurrentReadModels
from infrastructure.read_models.generations import Generations
from infrastructure.read_models.opening import open_current
from infrastructure.read_models.projecting import ProjectionFailed
from infrastructure.read_models.rebuild import Rebuilt, rebuild
from infrastructure.read_models.runner import ReadModelRunner
from infrastructure.read_models.tables import ATTRIBUTES, DOCUMENTS, INSTANTS, OPEN, PARKED, POSITION
from tests.infrastructure.read_models.stores import (
    STORES,
    Told,
    a_log,
    a_source,
    again,
    contents,
    generations_on,
    unreadable,
)
from tests.support.events import (
    MODEL_ID,
    dataset_registered,
    model_described,
    model_registered,
    model_renamed,
    version_registered,
)
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.event_log import InMemoryEventLog

MODELS = DOCUMENTS[Collection.MODELS]
VERSIONS = DOCUMENTS[Collection.VERSIONS]
WAIT_S = 60


@pytest.fixture(params=STORES)
def generations(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Generations]:
    with generations_on(request.param, request, tmp_path) as made:
        yield made


@pytest.fixture
def a_history() -> InMemoryEventLog:
    """Positions 1 to 5: a model with a version, described anew, and an event that cannot be read."""
    return a_log(
        model_registered(metadata={"team": "growth", "cost": 3}),
        version_registered(),
        model_described(description="new", metadata={"team": "risk", "cost": 3}),
        unreadable(dataset_registered()),
        model_renamed(name="attrition"),
    )


@pytest.fixture
def live(generations: Generations, a_history: InMemoryEventLog) -> Iterator[CurrentReadModels]:
    models = open_current(generations=again(generations), source=a_source(a_history), on_progress=Told())
    yield models
    models.close()


def rebuilt(generations: Generations, source: Source, *, accept_differences: bool = False) -> Rebuilt:
    return rebuild(
        generations=generations, source=source, on_progress=Told(), accept_differences=accept_differences
    )


def damage(generations: Generations, statement: Executable) -> None:
    number = generations.current()
    assert number is not None
    with closing(generations.open(number)) as models, models._writing.begin() as connection:
        assert connection.execute(statement).rowcount != 0


# --- what is the same


def test_read_models_that_agree_are_replaced(generations, a_history, live):
    told = Told()
    before = live.find(Query(collection=Collection.MODELS, at=5))
    outcome = rebuild(generations=generations, source=a_source(a_history), on_progress=told)
    assert outcome == Rebuilt(position=5, is_current=True, is_compared=True, differences=[])
    assert generations.current() == 2
    assert live.find(Query(collection=Collection.MODELS, at=5)) == before
    assert [each.stage for each in told.progress] == [Stage.READING, Stage.READING, Stage.INDEXING]


def test_rebuilding_twice_with_writes_between_loses_nothing(generations, a_history, live):
    source = a_source(a_history)
    for name in ("two", "three"):
        assert rebuilt(generations, source).is_current
        a_history.append(model_renamed(name=name))
        catch_up(live, source, upto=a_history.head())
        assert live.get(Collection.MODELS, MODEL_ID)["name"] == name
    assert (live.position(), generations.current()) == (7, 3)
    assert live.changed_at(Collection.MODELS, MODEL_ID, upto=7) == [1, 2, 3, 5, 6, 7]


def test_read_models_that_lag_behind_the_log_are_compared_as_far_as_they_go(generations, a_history, live):
    a_history.append(model_renamed(name="not applied yet"))
    outcome = rebuilt(generations, a_source(a_history))
    assert outcome == Rebuilt(position=6, is_current=True, is_compared=True, differences=[])
    assert live.position() == 6


def test_before_the_first_start_there_is_nothing_to_compare_with(generations, a_history):
    outcome = rebuilt(generations, a_source(a_history))
    assert outcome == Rebuilt(position=5, is_current=True, is_compared=False, differences=[])


def test_an_empty_log_gives_empty_read_models(generations):
    assert rebuilt(generations, a_source(a_log())).position == 0
    assert rebuilt(generations, a_source(a_log())) == Rebuilt(0, is_current=True, is_compared=True, differences=[])


def test_a_projection_that_fails_leaves_the_live_read_models(generations, a_history, live):
    def refuse(event: Any, position: int, rows: Any) -> None:
        if position == 3:
            raise LookupError(event)

    source = a_source(a_history)
    with pytest.raises(ProjectionFailed, match="position 3"):
        rebuilt(generations, source._replace(projections=(*source.projections, refuse)))
    assert generations.current() == 1
    assert rebuilt(generations, source).is_current


# --- what differs


DAMAGES = {
    "a changed column": (
        update(MODELS).where(MODELS.c.from_position == 3).values(name="forged"),
        [(3, "name is 'forged', from the events 'churn'")],
    ),
    "a changed document": (
        update(MODELS)
        .where(MODELS.c.from_position == 5)
        .values(document='{"id":"11111111-1111-4111-8111-111111111111","description":1}'),
        [(5, "document.description is 1, from the events 'new'"), (5, "document.name is None")],
    ),
    "a document that is none": (
        update(MODELS).where(MODELS.c.from_position == 1).values(document="not json"),
        [(1, "document is 'not json'")],
    ),
    "a row that is missing": (delete(VERSIONS), [(2, "the row is missing")]),
    "a row that ended too early": (
        update(MODELS).where(MODELS.c.to_position == OPEN).values(to_position=6),
        [(5, f"to_position is 6, from the events {OPEN}")],
    ),
    "a row that began too late": (
        update(MODELS).where(MODELS.c.from_position == 3).values(from_position=4),
        [(3, "the row is missing"), (4, "no event says what the row there does")],
    ),
    "a row of nobody": (
        insert(INSTANTS).values(position=2, before=1, instant=2**62),
        [(2, "no event says what the row there does")],
    ),
    "a changed attribute": (
        update(ATTRIBUTES).where(ATTRIBUTES.c.key == "cost").values(number=4),
        [(1, "'metadata.cost': number is 4.0, from the events 3.0")],
    ),
    "a missing attribute": (delete(ATTRIBUTES).where(ATTRIBUTES.c.text == "risk"), [(3, "the row is missing")]),
    "a changed instant": (update(INSTANTS).values(instant=0), [(1, "instants 1: instant is 0")]),
    "a parked event forgotten": (delete(PARKED), [(4, "parked 4: the row is missing")]),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_read_models_that_differ_are_not_replaced_and_every_difference_is_told(generations, a_history, live, what):
    statement, expected = DAMAGES[what]
    damage(generations, statement)
    outcome = rebuilt(generations, a_source(a_history))
    found = [(each.position, each.reason) for each in outcome.differences]
    for position, reason in expected:
        assert any(where == position and reason in told for where, told in found), found
    assert not outcome.is_current
    assert generations.current() == 1


def test_differences_can_be_accepted(generations, a_history, live):
    damage(generations, update(MODELS).values(name="forged"))
    outcome = rebuilt(generations, a_source(a_history), accept_differences=True)
    assert outcome.is_current
    assert len(outcome.differences) == len(contents(live._generation.models)["models"])
    assert rebuilt(generations, a_source(a_history)).differences == []


def test_read_models_of_a_longer_log_are_not_replaced(generations, a_history, live):
    damage(generations, update(POSITION).values(position=9))
    outcome = rebuilt(generations, a_source(a_history))
    assert [each.position for each in outcome.differences] == [5]
    assert "at position 9, where the log has ended" in outcome.differences[0].reason
    assert not outcome.is_current


# --- while others work


def test_readers_and_writers_notice_nothing_of_rebuilds(generations, a_history, live, caplog):
    source = a_source(a_history)
    runner = ReadModelRunner(
        log=a_history, read_models=live, projections=source.projections, clock=FakeClock(), page_events=3
    )
    runner.start()
    stopping = threading.Event()
    trouble: list[BaseException] = []

    def write() -> None:
        number = 0
        while not stopping.wait(0.001):
            a_history.append(model_renamed(name=f"name {number}"))
            number += 1

    def read() -> None:
        last = 0
        try:
            while not stopping.is_set():
                position = live.position()
                assert position >= last
                last = position
                document = live.get(Collection.MODELS, MODEL_ID)
                assert document is not None
                assert live.find(Query(collection=Collection.MODELS, at=position))
        except BaseException as error:
            trouble.append(error)

    threads = [threading.Thread(target=each) for each in (write, read, read)]
    for thread in threads:
        thread.start()
    try:
        with closing(again(generations)) as others:
            for _ in range(4):
                assert rebuilt(others, source).differences == []
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    assert runner.wait_for(a_history.head(), WAIT_S)
    runner.stop()
    assert trouble == []
    assert caplog.records == []
    assert (generations.current(), live.position()) == (5, a_history.head())
    assert rebuilt(generations, source).differences == []


_KILLED = """
import os, sys
from tests.infrastructure.read_models.stores import *
from infrastructure.read_models.rebuild import rebuild
from tests.support.events import model_registered

def killing(*, after, upto):
    for number in range(30_000):
        yield number + 1, model_registered(originator_id=__import__("uuid").UUID(int=number))
    os.kill(os.getpid(), 9)

store, place = sys.argv[1:]
made = FileGenerations(Path(place)) if store == "SQLite" else SchemaGenerations(place)
log = a_log(model_registered())
rebuild(generations=made, source=a_source(log)._replace(replay=killing), on_progress=lambda _: None)
"""


def test_a_rebuild_that_was_killed_disturbs_nobody(generations, a_history, live):
    store, place = (
        ("SQLite", str(generations._directory))
        if hasattr(generations, "_directory")
        else ("PostgreSQL", generations._url)
    )
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, store, place], cwd=Path(__file__).parents[3], check=False, timeout=WAIT_S
    )
    assert killed.returncode == -9
    assert live.position() == 5
    assert rebuilt(generations, a_source(a_history)).is_current
    assert len(generations._numbers()) == 2
