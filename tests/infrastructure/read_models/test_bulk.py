"""Rows made in bulk are those that pages of events make."""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, zip_longest
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.ports.read_models import Collection
from domain.kernel import DomainEvent
from infrastructure.read_models import bulk
from infrastructure.read_models.building import build, catch_up
from infrastructure.read_models.bulk import BulkRows
from infrastructure.read_models.dialects import sqlite_url
from infrastructure.read_models.file_generations import FileGenerations
from infrastructure.read_models.generations import Generations
from infrastructure.read_models.sql import SqlReadModels
from infrastructure.read_models.sqlite_bulk import new_file
from infrastructure.read_models.tables import OPEN
from tests.infrastructure.read_models.stores import (
    STORES,
    Told,
    a_log,
    a_source,
    contents,
    generations_on,
    unreadable,
)
from tests.support import strategies_domain
from tests.support.documents import a_model
from tests.support.events import (
    alias_assigned,
    dataset_registered,
    dataset_retired,
    model_described,
    model_registered,
    training_job_completed,
    training_job_progressed,
    training_job_requested,
    training_job_started,
    version_registered,
    version_status_changed,
    version_verified,
)
from tests.support.examples import examples
from tests.support.fakes.event_log import InMemoryEventLog

A = UUID(int=1)
EXAMPLES = [
    model_registered(),
    version_registered(),
    version_status_changed(),
    alias_assigned(),
    model_described(),
    dataset_registered(),
    training_job_requested(),
    training_job_started(),
    training_job_progressed(),
    training_job_completed(),
    version_verified(originator_version=5),
]


@pytest.fixture(params=STORES)
def no_generations(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Generations]:
    with generations_on(request.param, request, tmp_path) as generations:
        yield generations


@pytest.fixture(params=["all in memory", "two documents in memory"])
def room(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "two documents in memory":
        monkeypatch.setattr(bulk, "DOCUMENTS_MAX", 2)
        monkeypatch.setattr(bulk, "ROWS_MAX", 3)


@st.composite
def logs(draw: st.DrawFn) -> InMemoryEventLog:
    """A log of several streams, their events in turn, some of which this program cannot read."""
    streams = draw(st.lists(strategies_domain.histories(), max_size=5))
    others = draw(st.lists(strategies_domain.name_events() | strategies_domain.command_records(), max_size=3))
    in_turn = chain.from_iterable(zip_longest(*streams, others))
    events = [each for each in in_turn if each is not None]
    lacking = {number for number, each in enumerate(events) if _may_lack(each) and draw(st.booleans())}
    return a_log(*(unreadable(each) if number in lacking else each for number, each in enumerate(events)))


def _may_lack(event: DomainEvent) -> bool:
    return event.TOPIC.startswith(("dataset-name", "command", "training-job.progressed"))


def made_by_pages(log: InMemoryEventLog, directory: Path) -> SqlReadModels:
    models = SqlReadModels(url=sqlite_url(directory / "by pages.db"))
    catch_up(models, a_source(log), upto=log.head())
    return models


@given(log=logs())
@settings(max_examples=examples(10))
def test_the_rows_of_a_history_are_those_that_pages_make(room, log):
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        generations = FileGenerations(directory)
        built = build(generations, a_source(log), Told())
        with closing(generations.open(built.number)) as models, closing(made_by_pages(log, directory)) as expected:
            assert models.position() == expected.position() == log.head()
            assert contents(models) == contents(expected)


def test_both_stores_are_filled_alike(room, no_generations, tmp_path):
    log = a_log(*EXAMPLES, unreadable(dataset_retired()))
    built = build(no_generations, a_source(log), Told())
    with closing(no_generations.open(built.number)) as models, closing(made_by_pages(log, tmp_path)) as expected:
        assert contents(models) == contents(expected)
        assert len(models.parked()) == 1


@pytest.fixture
def empty_rows(tmp_path: Path) -> Iterator[BulkRows]:
    with new_file(tmp_path / "new.db") as tables:
        yield BulkRows(tables)


def test_of_two_documents_at_one_position_the_last_counts(empty_rows):
    empty_rows.put(Collection.MODELS, A, a_model(A, name="one"), position=1)
    for name in ("no", "one"):
        empty_rows.put(Collection.MODELS, A, a_model(A, name=name), position=2)
    empty_rows.settle()
    rows = empty_rows._rows
    empty_rows._store(*empty_rows._open.popitem())
    assert [row[-2:] for rows_of in rows.values() for row in rows_of if row[0] == str(A)] == [(OPEN, 1)]


def test_positions_that_go_back_are_refused(empty_rows):
    empty_rows.put(Collection.MODELS, A, a_model(A), position=2)
    with pytest.raises(ValueError, match="after position 2"):
        empty_rows.put(Collection.MODELS, A, a_model(A), position=1)


@pytest.mark.parametrize(
    "changes",
    [{"id": "another"}, {"aggregate_version": "1"}, {"metadata": {"k": float("nan")}}, {"created_at": "noon"}],
)
def test_a_document_that_is_not_what_it_says_is_refused(empty_rows, changes):
    with pytest.raises(ValueError):  # noqa: PT011 - any text
        empty_rows.put(Collection.MODELS, A, {**a_model(A), **changes}, position=1)
    assert empty_rows.get(Collection.MODELS, A) is None
