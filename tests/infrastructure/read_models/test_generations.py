"""Generations of read models, and readers who go from one to the next without noticing."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from application.ports.read_models import Collection, ParkedEvent, PositionTaken
from infrastructure.read_models import opening
from infrastructure.read_models.building import build, catch_up
from infrastructure.read_models.current import CurrentReadModels, MadeByAnotherProgram
from infrastructure.read_models.generations import Generations
from infrastructure.read_models.opening import open_current
from infrastructure.read_models.rebuild import rebuild
from infrastructure.read_models.tables import FINGERPRINT
from tests.infrastructure.read_models.stores import (
    STORES,
    Told,
    a_log,
    a_source,
    again,
    generations_on,
    unreadable,
)
from tests.support.events import MODEL_ID, model_registered, model_renamed
from tests.support.fakes.event_log import InMemoryEventLog

MODELS = Collection.MODELS


@pytest.fixture(params=STORES)
def no_generations(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Generations]:
    with generations_on(request.param, request, tmp_path) as generations:
        yield generations


@pytest.fixture
def a_model_renamed_twice() -> InMemoryEventLog:
    return a_log(model_registered(name="one"), model_renamed(name="two"), model_renamed(name="three"))


def opened(generations: Generations, log: InMemoryEventLog, told: Told | None = None) -> CurrentReadModels:
    return open_current(generations=again(generations), source=a_source(log), on_progress=told or Told())


def rebuilt(generations: Generations, log: InMemoryEventLog) -> None:
    """Make the read models anew, as another process does."""
    with closing(again(generations)) as others:
        assert rebuild(generations=others, source=a_source(log), on_progress=Told()).is_current


def name_of(models: CurrentReadModels) -> str:
    document = models.get(MODELS, MODEL_ID)
    assert document is not None
    return str(document["name"])


# --- at the start


def test_without_a_generation_one_is_built_before_anybody_reads(no_generations, a_model_renamed_twice):
    told = Told()
    with closing(opened(no_generations, a_model_renamed_twice, told)) as models:
        assert (models.position(), name_of(models)) == (3, "three")
        assert models.changed_at(MODELS, MODEL_ID, upto=3) == [1, 2, 3]
    assert told.progress[0].done == 0
    assert (told.progress[0].total, told.progress[1].done) == (3, 3)


def test_a_generation_that_fits_is_gone_on_with(no_generations, a_model_renamed_twice):
    opened(no_generations, a_model_renamed_twice).close()
    told = Told()
    opened(no_generations, a_model_renamed_twice, told).close()
    assert told.progress == []
    assert no_generations.current() == 1


def test_of_several_processes_that_start_at_once_one_builds(no_generations, a_model_renamed_twice):
    told = [Told() for _ in range(4)]
    start = threading.Barrier(4)

    def begin(each: Told) -> int:
        start.wait()
        with closing(opened(no_generations, a_model_renamed_twice, each)) as models:
            return models.position()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(begin, told)) == [3] * 4
    assert sum(bool(each.progress) for each in told) == 1
    assert no_generations.current() == 1


def test_read_models_of_another_program_are_built_anew(no_generations, a_model_renamed_twice):
    opened(no_generations, a_model_renamed_twice).close()
    with closing(no_generations.open(1)) as old, old._writing.begin() as connection:
        connection.execute(update(FINGERPRINT).values(fingerprint="another"))
    told = Told()
    with closing(opened(no_generations, a_model_renamed_twice, told)) as models:
        assert name_of(models) == "three"
    assert told.progress != []
    assert no_generations.current() == 2


def test_an_event_that_can_be_read_now_lets_the_read_models_be_built_anew(no_generations):
    event = model_renamed(name="of a newer program")
    older = a_log(model_registered(name="one"), unreadable(event))
    with closing(opened(no_generations, older)) as models:
        assert models.parked() == [ParkedEvent(position=2, topic=event.TOPIC, error="no such topic\ufffd")]
        assert name_of(models) == "one"
    with closing(opened(no_generations, older)):
        assert no_generations.current() == 1
    newer = a_log(model_registered(name="one"), event)
    with closing(opened(no_generations, newer)) as models:
        assert models.parked() == []
        assert name_of(models) == "of a newer program"


def test_a_projection_that_fails_lets_the_read_models_end_before_the_event(no_generations):
    log = a_log(model_registered(name="one"), model_renamed(name="two"))
    source = a_source(log)

    def refuse(event, position, rows):
        if position == 2:
            raise LookupError(event)

    failing = source._replace(projections=(*source.projections, refuse))
    with closing(open_current(generations=again(no_generations), source=failing, on_progress=Told())) as models:
        assert (models.position(), name_of(models)) == (1, "one")
        assert models.position_at(model_registered().provenance.timestamp) == 1
        catch_up(models, source, upto=2)
        assert (models.position(), name_of(models)) == (2, "two")


def test_a_damaged_file_is_built_anew(tmp_path, request, a_model_renamed_twice):
    with generations_on("SQLite", request, tmp_path) as generations:
        opened(generations, a_model_renamed_twice).close()
        for path in tmp_path.glob("read_models.1.db*"):
            path.write_bytes(b"not a database at all" * 1_000)
        with closing(opened(generations, a_model_renamed_twice)) as models:
            assert name_of(models) == "three"


def test_what_an_unfinished_building_left_is_removed_by_the_next(tmp_path, request, a_model_renamed_twice):
    (tmp_path / "read_models.db").write_bytes(b"of an earlier release")
    (tmp_path / "read_models.7.db").write_bytes(b"half a file")
    (tmp_path / "read_models.7.db-journal").write_bytes(b"of it")
    with generations_on("SQLite", request, tmp_path) as generations:
        opened(generations, a_model_renamed_twice).close()
    names = {path.name for path in tmp_path.glob("read_models*")}
    assert names == {"read_models.current", "read_models.lock", "read_models.8.db"}


def test_a_building_that_fails_leaves_nothing(no_generations, a_model_renamed_twice):
    def broken(*, after, upto):
        yield from ()
        raise ZeroDivisionError

    source = a_source(a_model_renamed_twice)._replace(replay=broken)
    with pytest.raises(ZeroDivisionError), no_generations.building():
        build(no_generations, source, Told())
    assert no_generations.current() is None
    assert no_generations._numbers() == []


# --- from one generation to the next


def test_readers_go_over_to_a_generation_that_another_process_made(no_generations, a_model_renamed_twice):
    log = a_model_renamed_twice
    with closing(opened(no_generations, log)) as models:
        rebuilt(no_generations, log)
        log.append(model_renamed(name="four"))
        catch_up(models, a_source(log), upto=4)
        assert (models.position(), name_of(models)) == (4, "four")
        with closing(no_generations.open(2)) as new:
            assert new.position() == 4


def test_a_page_goes_to_the_new_generation_although_the_switch_was_not_seen_yet(
    no_generations, a_model_renamed_twice, monkeypatch
):
    with closing(opened(no_generations, a_model_renamed_twice)) as models:
        rebuilt(no_generations, a_model_renamed_twice)
        monkeypatch.setattr(models._generations, "glance", lambda: models._generation.number)
        with models.page(after=3, upto=4) as rows:
            rows.happened(model_renamed().provenance.timestamp, position=4)
        assert models.position() == 4
        with closing(no_generations.open(1)) as old, closing(no_generations.open(2)) as new:
            assert (old.position(), new.position()) == (3, 4)


def test_no_page_follows_in_a_generation_that_was_stopped(no_generations, a_model_renamed_twice):
    opened(no_generations, a_model_renamed_twice).close()
    with closing(no_generations.open(1)) as models:
        with models.stopping():
            pass
        assert models.position() == 3
        page = models.page(after=3, upto=4)
        with pytest.raises(PositionTaken), page:
            pass


def test_a_stop_that_fails_changes_nothing(no_generations, a_model_renamed_twice):
    opened(no_generations, a_model_renamed_twice).close()
    with closing(no_generations.open(1)) as models:
        with pytest.raises(ZeroDivisionError), models.stopping():
            raise ZeroDivisionError
        with models.page(after=3, upto=4):
            pass
        assert models.position() == 4


def test_the_generation_before_stays_readable_until_the_next_switch(no_generations, a_model_renamed_twice):
    log = a_model_renamed_twice
    opened(no_generations, log).close()
    with closing(no_generations.open(1)) as first:
        rebuilt(no_generations, log)
        assert first.get(MODELS, MODEL_ID)["name"] == "three"
        assert no_generations._numbers() == [1, 2]
    rebuilt(no_generations, log)
    assert no_generations._numbers() == [2, 3]


def test_a_reader_who_missed_several_switches_reads_the_current_one(no_generations, a_model_renamed_twice):
    with closing(opened(no_generations, a_model_renamed_twice)) as models:
        for _ in range(3):
            rebuilt(no_generations, a_model_renamed_twice)
        assert name_of(models) == "three"
        with models.page(after=3, upto=4):
            pass
        assert models.position() == 4


def test_a_generation_of_another_program_is_not_gone_over_to(no_generations, a_model_renamed_twice, monkeypatch):
    with closing(opened(no_generations, a_model_renamed_twice)) as models:
        monkeypatch.setattr(opening, "fingerprint", lambda: "newer")
        with closing(opened(no_generations, a_model_renamed_twice)):
            assert no_generations.current() == 2
        with closing(no_generations.open(2)) as newer, newer._writing.begin() as connection:
            connection.execute(update(FINGERPRINT).values(fingerprint="newer"))
        assert (models.position(), name_of(models)) == (3, "three")
        page = models.page(after=3, upto=4)
        with pytest.raises(MadeByAnotherProgram), page:
            pass
        assert models.position() == 3
