"""Events read at once, row by row, are those that the log gives."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from application.ledger import Ledger
from domain.kernel import UnknownEvent
from infrastructure.event_store.replay import PostgresReplay, SqliteReplay
from infrastructure.event_store.settings import postgres_environment, sqlite_environment
from tests.support.events import BUILDERS, model_registered, model_renamed


class Store(NamedTuple):
    ledger: Ledger
    replay: Any
    execute: Callable[..., None]


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def a_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """One event of each topic, then two of one model."""
    if request.param == "SQLite":
        path = tmp_path / "events #1.db"
        environment = sqlite_environment(path)
    else:
        url = request.getfixturevalue("postgres_url")
        environment = postgres_environment(url)

    def execute(statement: str, *parameters: Any) -> None:
        if request.param == "SQLite":
            with closing(sqlite3.connect(path)) as connection:
                connection.execute(statement.replace("position", "rowid"), parameters)
                connection.commit()
        else:
            with psycopg.connect(url) as connection:
                statement = statement.replace("stored_events", "ml_events.stored_events").replace("?", "%s")
                connection.execute(statement, parameters)

    with Ledger(environment) as ledger:
        for number, builder in enumerate(BUILDERS.values(), start=1):
            ledger.commit([builder(originator_version=number)])
        ledger.commit([model_registered(originator_version=100), model_renamed(originator_version=101)])
        replay = SqliteReplay(path, log=ledger) if request.param == "SQLite" else PostgresReplay(url, log=ledger)
        yield Store(ledger, replay, execute)


def replayed(store: Store, after: int = 0, upto: int | None = None) -> list[tuple[int, Any]]:
    return list(store.replay(after=after, upto=store.ledger.head() if upto is None else upto))


def logged(store: Store) -> list[tuple[int, Any]]:
    return [(each.position, each.event) for each in store.ledger.read(after=0, limit=1_000)]


def test_every_event_is_replayed_as_the_log_gives_it(a_store):
    events = replayed(a_store)
    assert events == logged(a_store)
    assert not any(isinstance(event, UnknownEvent) for _, event in events)
    assert [type(event) for _, event in events] == [type(event) for _, event in logged(a_store)]


def test_a_stretch_of_the_log_is_replayed_alone(a_store):
    assert replayed(a_store, after=3, upto=5) == logged(a_store)[3:5]
    assert replayed(a_store, after=a_store.ledger.head()) == []


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"schema":1,"name":"x"}',
        b'{"schema":9,"event_id":1}',
        b'{"name":NaN}',
        b'{"name":"\\ud800"}',
        b'{"originator_version":7,"originator_id":"x","event_id":2}',
    ],
)
def test_a_row_that_cannot_be_read_is_what_the_log_makes_of_it(a_store, state):
    a_store.execute("UPDATE stored_events SET state = ? WHERE position = 3", state)
    assert replayed(a_store) == logged(a_store)
    assert isinstance(replayed(a_store)[2][1], UnknownEvent)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'{"event_id"', b'{"schema":1,"event_id"'),
        (b'{"event_id"', b' {"event_id"'),
        (b'{"event_id"', b'{"originator_version":55,"event_id"'),
        (b'"metadata":{', b'"metadata":{"k":NaN,'),
        (b'"metadata":{', b'"metadata":{"k":"NaN and Infinity",'),
        (b'"metadata":{', b'"metadata":{"k":1e999,'),
        (b'"metadata":{', b'"metadata":{"k":123456789012345678901234567890,'),
        (b'"metadata":{', b'"more":1,"metadata":{'),
        (b"}}", b"}} "),
    ],
)
def test_an_edited_row_is_what_the_log_makes_of_it(a_store, before, after):
    position, event = next(each for each in logged(a_store) if each[1].TOPIC == "model.registered.v1")
    stored = a_store.ledger.mapper.to_stored_event(event).state
    assert before in stored
    a_store.execute(
        "UPDATE stored_events SET state = ? WHERE position = ?", stored.replace(before, after), position
    )
    assert repr(replayed(a_store)) == repr(logged(a_store))


def test_an_unknown_topic_is_what_the_log_makes_of_it(a_store):
    a_store.execute("UPDATE stored_events SET topic = ? WHERE position = 2", "model.dreamt.v9")
    assert replayed(a_store) == logged(a_store)
    assert isinstance(replayed(a_store)[1][1], UnknownEvent)


def test_positions_may_have_gaps(a_store):
    a_store.execute("DELETE FROM stored_events WHERE position IN (1, 4, 5)")
    assert [position for position, _ in replayed(a_store)][:3] == [2, 3, 6]


@pytest.mark.parametrize(
    "damage",
    ["topic = CAST(x'ff' AS TEXT)", "originator_id = 'no id'", "originator_version = 'x'", "state = 'text'"],
)
def test_columns_of_another_type_are_what_the_log_makes_of_them(tmp_path, damage):
    path = tmp_path / "events.db"
    with Ledger(sqlite_environment(path)) as ledger:
        ledger.commit([model_registered()])
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"UPDATE stored_events SET {damage}")
            connection.commit()
        (recorded,) = ledger.read(after=0, limit=9)
        assert list(SqliteReplay(path, log=ledger)(after=0, upto=1)) == [(1, recorded.event)]
