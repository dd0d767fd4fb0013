import sqlite3
from pathlib import Path
from uuid import UUID

import pytest

from application.audit.queries import events, model_of_history
from application.ledger import Ledger
from tests.support.commands import register
from tests.support.fakes.identity import CountingIdentity
from tests.support.fakes.read_models import InMemoryReadModels


@pytest.fixture
def a_ledger_with_models(an_empty_ledger: Ledger) -> Ledger:
    identity = CountingIdentity()
    for number in range(5):
        register(an_empty_ledger, f"model-{number}", identity=identity)
    return an_empty_ledger


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"types": ("no.such.v1",)},
        {"types": ("model.registered.v1", "no.such.v1")},
        {"aggregate_id": UUID(int=0)},
        {"actor": "nobody"},
        {"actor": "ada"},
    ],
)
def test_who_has_seen_all_there_is_asks_next_after_the_head_whatever_was_wanted(
    a_ledger_with_models: Ledger, wanted: dict[str, object]
) -> None:
    page = events(ledger=a_ledger_with_models, after=0, limit=1000, **wanted)
    assert page.next_after == a_ledger_with_models.head()


def test_pages_meet_without_gap_or_repetition(a_ledger_with_models: Ledger) -> None:
    seen: list[int] = []
    after = 0
    while (page := events(ledger=a_ledger_with_models, after=after, limit=3)).items:
        seen += [event.position for event in page.items]
        after = page.next_after
    assert seen == [recorded.position for recorded in a_ledger_with_models.read(after=0, limit=1000)]


def test_events_of_one_actor_are_found_among_those_of_others(a_ledger_with_models: Ledger) -> None:
    page = events(ledger=a_ledger_with_models, after=0, limit=4, actor="ada")
    assert len(page.items) == 4
    assert page.next_after == page.items[-1].position


def test_a_history_is_read_also_when_its_first_event_cannot_be(
    a_ledger_with_models: Ledger, tmp_path: Path
) -> None:
    model_id = a_ledger_with_models.read(after=0, limit=1)[0].event.originator_id
    with sqlite3.connect(tmp_path / "events.db") as database:
        database.execute("UPDATE stored_events SET topic = 'model.registered.v9' WHERE rowid = 1")
    database.close()
    read_models = InMemoryReadModels()
    assert model_of_history(str(model_id), ledger=a_ledger_with_models, read_models=read_models) == model_id
    assert [
        each.type for each in events(ledger=a_ledger_with_models, after=0, limit=9, aggregate_id=model_id).items
    ] == ["model.registered.v9"]
