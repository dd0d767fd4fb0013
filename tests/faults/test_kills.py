"""The service is killed under load, again and again."""

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.faults.load import THREADS, Load
from tests.faults.stores import NO_WORKER, Store
from tests.support.postgres import PostgresServer
from tests.support.processes import eventually
from tests.support.service import RunningService

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_000)]


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def what_was_killed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, scale: int
) -> Iterator[tuple[RunningService, Load]]:
    """A service on a store whose services were killed under load, and what the load was told."""
    home = tmp_path_factory.mktemp("killed") / "home"
    with ExitStack() as resources:
        url = None
        if request.param == "PostgreSQL":
            server: PostgresServer = request.getfixturevalue("postgres_server")
            url = resources.enter_context(server.fresh_database())
        store, load, chance = Store(home=home, database_url=url), Load(), random.Random(7)
        for _ in range(2 * scale):
            service, acknowledged = store.serve(**NO_WORKER), len(load.acknowledged)
            with load.on(service.url):
                assert eventually(lambda: len(load.acknowledged) > acknowledged)  # noqa: B023 - used at once
                time.sleep(chance.uniform(0.0, 0.7))
                service.freeze()  # as it stands it will be killed; and every thread has an answer to lose
                assert eventually(lambda: load.waiting == THREADS)
                service.kill()
        yield resources.enter_context(store.serve(**NO_WORKER)), load


def test_what_was_acknowledged_is_there_once_however_often_a_writer_is_killed(
    what_was_killed: tuple[RunningService, Load],
) -> None:
    service, load = what_was_killed
    assert load.acknowledged
    load.require_every_effect_once(service)
    load.require_same_answers_again(service)
    load.require_every_effect_once(service)
    assert service.get("/audit/verify")["verified"] is True


def test_a_command_whose_answer_was_lost_can_be_sent_again(what_was_killed: tuple[RunningService, Load]) -> None:
    service, load = what_was_killed
    assert load.unanswered
    for key in load.unanswered:
        body = {"name": key, "type": "regression"}
        answers = [service.post("/models", body, **{"Idempotency-Key": key}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [httpx.codes.CREATED] * 2
        assert answers[0].json() == answers[1].json()
    load.require_every_effect_once(service)
