"""The thread that keeps the read models applies every event once, whatever goes wrong meanwhile."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, update

from application.ports.event_log import PAGE_EVENTS, Recorded
from application.ports.read_models import Collection, Rows
from domain.kernel import DomainEvent, UnknownEvent
from domain.models.events import ModelRenamed
from infrastructure.read_models.dialects import sqlite_url
from infrastructure.read_models.runner import ReadModelRunner
from infrastructure.read_models.sql import SqlReadModels
from infrastructure.read_models.tables import DOCUMENTS, POSITION
from tests.support.documents import a_model
from tests.support.events import model_renamed
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.event_log import InMemoryEventLog, InMemoryFollowing
from tests.support.processes import eventually

MODEL = UUID(int=1)
WAIT_S = 20


def project_name(event: Any, position: int, rows: Rows) -> None:
    if isinstance(event, ModelRenamed):
        rows.put(
            Collection.MODELS,
            MODEL,
            a_model(MODEL, name=event.name, aggregate_version=position),
            position=position,
        )


def renamed(*names: str) -> list[DomainEvent]:
    return [model_renamed(name=name) for name in names]


def unreadable() -> UnknownEvent:
    event = model_renamed()
    return UnknownEvent(
        **{
            name: getattr(event, name)
            for name in ("event_id", "originator_id", "originator_version", "provenance")
        },
        topic="model.dreamt.v9",
        error="no such topic",
        state="{}",
    )


class Stubborn:
    """A projection that refuses one name until it is told to give in."""

    def __init__(self, refused: str) -> None:
        self.refused: str | None = refused
        self.has_refused = threading.Event()

    def __call__(self, event: Any, position: int, rows: Rows) -> None:
        if getattr(event, "name", None) == self.refused:
            self.has_refused.set()
            msg = f"not {self.refused}!"
            raise LookupError(msg)
        project_name(event, position, rows)


class UnreliableLog(InMemoryEventLog):
    """A log that cannot be reached until it is repaired."""

    def __init__(self) -> None:
        super().__init__()
        self.is_broken = True

    def head(self) -> int:
        self._require_repair()
        return super().head()

    @contextmanager
    def follow(self, *, after: int, page_events: int = PAGE_EVENTS) -> Iterator[InMemoryFollowing]:
        self._require_repair()
        with super().follow(after=after, page_events=page_events) as following:
            yield following

    def _require_repair(self) -> None:
        if self.is_broken:
            msg = "the disk is gone"
            raise OSError(msg)


@pytest.fixture
def empty_read_models(tmp_path: Path) -> Iterator[SqlReadModels]:
    models = SqlReadModels(url=sqlite_url(tmp_path / "read_models.db"))
    yield models
    models.close()


@pytest.fixture
def an_empty_log() -> InMemoryEventLog:
    return InMemoryEventLog()


@pytest.fixture
def make_runner(an_empty_log, empty_read_models) -> Iterator[Callable[..., ReadModelRunner]]:
    runners = []

    def make(*projections: Any, log: InMemoryEventLog = an_empty_log, **options: Any) -> ReadModelRunner:
        runner = ReadModelRunner(
            log=log,
            read_models=empty_read_models,
            projections=projections or (project_name,),
            clock=FakeClock(),
            backoff_s=(0.01, 0.05),
            **options,
        )
        runners.append(runner)
        return runner

    yield make
    for runner in runners:
        runner.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "read-models"]


def test_what_is_in_the_log_and_what_comes_is_applied(make_runner, an_empty_log, empty_read_models):
    an_empty_log.append(*renamed("one", "two"))
    runner = make_runner()
    runner.start()
    assert runner.wait_for(2, WAIT_S)
    position = an_empty_log.append(*renamed("three"))
    assert runner.wait_for(position, WAIT_S)
    assert empty_read_models.get(Collection.MODELS, MODEL)["name"] == "three"
    assert empty_read_models.get(Collection.MODELS, MODEL, at=1)["name"] == "one"
    assert runner.status.model_dump() == {
        "is_running": True,
        "position": 3,
        "head": 3,
        "lag": 0,
        "unknown_events": 0,
        "error": None,
        "failing_since": None,
    }


def test_a_runner_goes_on_where_the_read_models_are(make_runner, an_empty_log, empty_read_models):
    an_empty_log.append(*renamed("one", "two", "three"))
    with empty_read_models.page(after=0, upto=2):
        pass
    runner = make_runner()
    runner.start()
    assert runner.wait_for(3, WAIT_S)
    assert empty_read_models.get(Collection.MODELS, MODEL, at=2) is None
    assert empty_read_models.get(Collection.MODELS, MODEL)["name"] == "three"


def test_a_large_backlog_is_applied_in_pages(make_runner, an_empty_log):
    an_empty_log.append(*renamed(*map(str, range(25))))
    runner = make_runner(page_events=10)
    pages: list[tuple[int, int]] = []
    runner.on_page(lambda position, events: pages.append((position, len(events))))
    runner.start()
    assert runner.wait_for(25, WAIT_S)
    runner.stop()
    assert pages == [(10, 10), (20, 10), (25, 5)]


def test_listeners_hear_of_a_page_after_its_commit(make_runner, an_empty_log, empty_read_models):
    heard: list[tuple[int, str]] = []

    def listen(position: int, events: Sequence[Recorded]) -> None:
        document = empty_read_models.get(Collection.MODELS, MODEL)
        heard.append((position, document["name"] if document else ""))

    runner = make_runner()
    runner.on_page(listen)
    runner.start()
    runner.wait_for(an_empty_log.append(*renamed("one")), WAIT_S)
    runner.stop()
    assert heard == [(1, "one")]


def test_a_listener_that_fails_holds_nobody_up(make_runner, an_empty_log, caplog):
    heard: list[int] = []

    def fail(_position: int, _events: Sequence[Recorded]) -> None:
        msg = "deaf"
        raise RuntimeError(msg)

    runner = make_runner()
    runner.on_page(fail)
    runner.on_page(lambda position, _events: heard.append(position))
    runner.start()
    runner.wait_for(an_empty_log.append(*renamed("one")), WAIT_S)
    runner.stop()
    assert heard == [1]
    assert "deaf" in caplog.text


def test_an_event_that_a_projection_cannot_take_halts_there_until_it_can(
    make_runner, an_empty_log, empty_read_models
):
    stubborn = Stubborn("two")
    runner = make_runner(stubborn)
    an_empty_log.append(*renamed("one", "two", "three"))
    runner.start()
    assert runner.wait_for(1, WAIT_S)
    assert eventually(lambda: runner.status.error is not None)
    assert not runner.wait_for(2, 0.1)
    status = runner.status
    assert status.is_running
    assert (status.position, status.lag) == (1, 2)
    assert status.error == "position 2 (model.renamed.v1): LookupError: not two!"
    assert status.failing_since == FakeClock().now()
    assert empty_read_models.get(Collection.MODELS, MODEL)["name"] == "one"
    stubborn.refused = None
    assert runner.wait_for(3, WAIT_S)
    assert runner.status.error is None
    assert empty_read_models.get(Collection.MODELS, MODEL, at=2)["name"] == "two"


def test_a_log_that_cannot_be_read_is_followed_again_when_it_can(make_runner, caplog):
    log = UnreliableLog()
    log.append(*renamed("one"))
    runner = make_runner(log=log)
    with caplog.at_level(logging.ERROR):
        runner.start()
        assert eventually(lambda: "the disk is gone" in caplog.text)
        assert not runner.wait_for(1, 0.1)
    assert runner.status.error == "OSError: the disk is gone"
    assert (runner.status.head, runner.status.lag) == (None, None)
    log.is_broken = False
    assert runner.wait_for(1, WAIT_S)
    assert runner.status.error is None


def test_events_that_cannot_be_read_are_passed_over_and_counted(make_runner, an_empty_log, empty_read_models):
    an_empty_log.append(*renamed("one"), unreadable(), unreadable())
    seen: list[int] = []
    runner = make_runner(project_name, lambda _event, position, _rows: seen.append(position))
    runner.start()
    assert runner.wait_for(3, WAIT_S)
    assert runner.status.unknown_events == 2
    assert seen == [1]
    assert empty_read_models.position() == 3


def test_two_runners_apply_every_event_once(make_runner, an_empty_log, empty_read_models):
    applied: list[int] = []

    def note(_event: Any, position: int, _rows: Rows) -> None:
        applied.append(position)

    first, second = (make_runner(project_name, note, page_events=7) for _ in range(2))
    for runner in (first, second):
        runner.start()
    for number in range(40):
        an_empty_log.append(*renamed(*(f"{number}.{part}" for part in range(5))))
    assert first.wait_for(200, WAIT_S)
    assert second.wait_for(200, WAIT_S)
    first.stop()
    second.stop()
    assert sorted(applied) == list(range(1, 201))
    assert empty_read_models.position() == 200
    assert [
        empty_read_models.get(Collection.MODELS, MODEL, at=at)["aggregate_version"] for at in (1, 99, 200)
    ] == [1, 99, 200]


def test_listeners_hear_of_every_event_once_whichever_runner_applied_it(make_runner, an_empty_log):
    an_empty_log.append(*renamed("before"))
    runners = [make_runner(page_events=3) for _ in range(3)]
    heard: list[list[int]] = [[] for _ in runners]
    for runner, positions in zip(runners, heard, strict=True):
        runner.start()
        assert runner.wait_for(1, WAIT_S)
        runner.on_page(lambda _position, page, to=positions: to.extend(each.position for each in page))
    for number in range(50):
        an_empty_log.append(*renamed(str(number), f"{number} again"))
    for runner in runners:
        assert runner.wait_for(101, WAIT_S)
        runner.stop()
    assert heard == [list(range(2, 102))] * 3


def test_listeners_hear_of_what_was_applied_while_their_runner_stood_still(
    make_runner, an_empty_log, empty_read_models
):
    runner = make_runner(page_events=2)
    heard: list[tuple[int, list[int]]] = []
    runner.on_page(lambda position, page: heard.append((position, [each.position for each in page])))
    an_empty_log.append(*renamed("one"))
    runner.start()
    assert runner.wait_for(1, WAIT_S)
    runner.stop()
    an_empty_log.append(*renamed("two", "three", "four", "five"))
    with empty_read_models.page(after=1, upto=4):
        pass
    runner.start()
    assert runner.wait_for(5, WAIT_S)
    assert heard == [(1, [1]), (3, [2, 3]), (4, [4]), (5, [5])]


def test_read_models_that_begin_again_are_filled_again(make_runner, an_empty_log, empty_read_models):
    runner = make_runner()
    runner.start()
    assert runner.wait_for(an_empty_log.append(*renamed("one", "two")), WAIT_S)
    runner.stop()
    with empty_read_models._engine.begin() as connection:
        connection.execute(delete(DOCUMENTS[Collection.MODELS]))
        connection.execute(update(POSITION).values(position=0))
    runner.start()
    assert runner.wait_for(an_empty_log.append(*renamed("three")), WAIT_S)
    names = [empty_read_models.get(Collection.MODELS, MODEL, at=at)["name"] for at in (1, 2, 3)]
    assert names == ["one", "two", "three"]
    assert runner.status.error is None


def test_read_models_that_know_more_than_the_log_say_so(make_runner, an_empty_log, empty_read_models):
    an_empty_log.append(*renamed("one"))
    with empty_read_models.page(after=0, upto=9):
        pass
    noted = threading.Event()
    runner = make_runner()
    runner.start()
    while runner.status.error is None and not noted.wait(0.01):
        pass
    assert "the log ends at 1: rebuild them" in runner.status.error


def test_starting_and_stopping_twice_is_starting_and_stopping(make_runner, an_empty_log):
    runner = make_runner()
    runner.stop()
    runner.start()
    runner.start()
    assert runner.wait_for(an_empty_log.append(*renamed("one")), WAIT_S)
    runner.stop()
    runner.stop()
    assert not runner.status.is_running
    runner.start()
    assert runner.wait_for(an_empty_log.append(*renamed("two")), WAIT_S)


def test_a_failing_runner_stops_without_waiting_for_its_back_off(an_empty_log, empty_read_models):
    stubborn = Stubborn("one")
    runner = ReadModelRunner(
        log=an_empty_log,
        read_models=empty_read_models,
        projections=[stubborn],
        clock=FakeClock(),
        backoff_s=(3600.0, 3600.0),
    )
    an_empty_log.append(*renamed("one"))
    runner.start()
    assert stubborn.has_refused.wait(WAIT_S)
    runner.stop()
    assert not runner.status.is_running


async def _wait(runner: ReadModelRunner, positions: Sequence[int], timeout_s: float) -> list[bool]:
    return await asyncio.gather(*(runner.wait_until(position, timeout_s) for position in positions))


def test_coroutines_wait_for_a_position_without_threads(make_runner, an_empty_log):
    runner = make_runner()
    runner.start()

    async def scenario() -> list[bool]:
        threads = threading.active_count()
        waiting = asyncio.create_task(_wait(runner, [0, 1, 2] * 100, WAIT_S))
        await asyncio.sleep(0)
        assert threading.active_count() == threads
        an_empty_log.append(*renamed("one", "two"))
        return await waiting

    assert asyncio.run(scenario()) == [True] * 300


def test_a_wait_for_what_does_not_come_ends(make_runner):
    runner = make_runner()
    runner.start()
    assert asyncio.run(_wait(runner, [0, 5], 0.05)) == [True, False]
    assert not runner.wait_for(5, 0.05)
    assert runner._reached._awaited == {}


def test_a_waiter_that_gave_up_is_forgotten(make_runner, an_empty_log):
    runner = make_runner()
    runner.start()

    async def give_up() -> None:
        waiting = asyncio.create_task(runner.wait_until(1, WAIT_S))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(give_up())
    assert runner._reached._awaited == {}
    assert runner.wait_for(an_empty_log.append(*renamed("one")), WAIT_S)
