"""The service is killed under load, again and again."""

import random
import threading
from pathlib import Path

import httpx
import pytest

from tests.faults.load import Load
from tests.faults.stores import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_000)]


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def a_store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    url = request.getfixturevalue("postgres_url") if request.param == "PostgreSQL" else None
    return Store(home=tmp_path / "home", database_url=url)


def test_what_was_acknowledged_is_there_once_however_often_a_writer_is_killed(a_store: Store, scale: int) -> None:
    load, chance = Load(), random.Random(7)
    for _ in range(2 * scale):
        service = a_store.serve()
        killer = threading.Timer(chance.uniform(0.1, 0.8), service.kill)
        with load.on(service.url):
            killer.start()
            killer.join()
    with a_store.serve() as service:
        assert load.acknowledged
        load.require_every_effect_once(service)
        load.require_same_answers_again(service)
        load.require_every_effect_once(service)
        verified = service.get("/audit/verify")
        assert verified["verified"] is True


def test_a_command_whose_answer_was_lost_can_be_sent_again(a_store: Store) -> None:
    load = Load()
    service = a_store.serve()
    killer = threading.Timer(0.4, service.kill)
    with load.on(service.url):
        killer.start()
        killer.join()
    assert load.unanswered
    with a_store.serve() as service:
        for key in load.unanswered:
            body = {"name": key, "type": "regression"}
            answers = [service.post("/models", body, **{"Idempotency-Key": key}) for _ in range(2)]
            assert [answer.status_code for answer in answers] == [httpx.codes.CREATED] * 2
            assert answers[0].json() == answers[1].json()
        load.require_every_effect_once(service)
