"""PostgreSQL goes away under the service, at the worst moments."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.faults.cutting_proxy import CuttingProxy
from tests.faults.load import Load
from tests.faults.stores import NO_WORKER, Store
from tests.support.postgres import PostgresServer
from tests.support.processes import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_000)]


@pytest.fixture
def a_server_of_its_own() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture
def a_proxy(postgres_url: str) -> Iterator[CuttingProxy]:
    # not tmp_path: the path of a socket may have about a hundred bytes
    with tempfile.TemporaryDirectory() as name, CuttingProxy(postgres_url, directory=Path(name)) as proxy:
        yield proxy


def test_a_command_whose_commit_was_not_answered_has_one_effect_and_its_answer(
    a_proxy: CuttingProxy, tmp_path: Path, scale: int
) -> None:
    with Store(home=tmp_path / "home", database_url=a_proxy.url).serve(**NO_WORKER) as service:
        for number in range(2 * scale):
            a_proxy.arm()
            # the engine commits its pages through the same proxy: some cuts are its own
            for each in range(200):
                name = f"{number}-{each}"
                given = {"Idempotency-Key": name} if number % 2 else {}
                response = service.post("/models", {"name": name, "type": "regression"}, **given)
                assert response.status_code == httpx.codes.CREATED, response.text
                if a_proxy.cuts > number:
                    break
            assert a_proxy.cuts > number
            assert eventually(lambda: service.client.get("/health/ready").status_code == httpx.codes.OK)
        events = service.get("/events", type="model.registered.v1", limit=1000)["items"]
        names = [event["data"]["name"] for event in events]
        assert len(names) == len(set(names))
        assert service.get("/audit/verify")["verified"] is True


def test_a_server_that_is_restarted_under_load_loses_nothing_and_is_used_again(
    a_server_of_its_own: PostgresServer, tmp_path: Path, scale: int
) -> None:
    store = Store(home=tmp_path / "home", database_url=a_server_of_its_own.url)
    load = Load()
    with store.serve(**NO_WORKER) as service:
        with load.on(service.url):
            for _ in range(scale):
                acknowledged = len(load.acknowledged)
                assert eventually(lambda: len(load.acknowledged) > acknowledged + 20)  # noqa: B023 - used at once
                a_server_of_its_own.kill()
                time.sleep(0.3)
                a_server_of_its_own.start()
            acknowledged = len(load.acknowledged)
            assert eventually(lambda: len(load.acknowledged) > acknowledged + 20)
        assert eventually(lambda: service.client.get("/health/ready").status_code == httpx.codes.OK)
        load.require_every_effect_once(service)
        load.require_same_answers_again(service)
        assert {response.status_code for response in load.refused} <= {httpx.codes.SERVICE_UNAVAILABLE}
        assert service.get("/audit/verify")["verified"] is True


def test_another_engine_takes_over_from_one_that_was_killed(postgres_url: str, tmp_path: Path) -> None:
    first = Store(home=tmp_path / "first", database_url=postgres_url).serve(**NO_WORKER)
    with Store(home=tmp_path / "second", database_url=postgres_url).serve(**NO_WORKER) as second:
        first.post("/models", {"name": "before", "type": "regression"})
        assert eventually(lambda: second.client.get("/api/v1/models/before").status_code == httpx.codes.OK)
        load = Load()
        with load.on(second.url):
            assert eventually(lambda: len(load.acknowledged) > 20)
            first.kill()
            killed = len(load.acknowledged)
            assert eventually(lambda: len(load.acknowledged) > killed + 20)
        newest = list(load.acknowledged)[-1]
        assert eventually(lambda: second.client.get(f"/api/v1/models/{newest}").status_code == httpx.codes.OK)
        assert eventually(lambda: second.client.get("/health/ready").status_code == httpx.codes.OK)
        models = [model["name"] for model in second.get("/models", page_size=1000)["items"]]
        assert sorted(models) == sorted({"before", *models} | load.acknowledged.keys())
