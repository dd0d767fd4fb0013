"""Engines are killed and read models made anew while commands come in: nothing is projected twice or left out."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.faults.load import Load
from tests.faults.stores import Store
from tests.support.processes import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_000)]

ENOUGH_S = 60


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def a_store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    url = request.getfixturevalue("postgres_url") if request.param == "PostgreSQL" else None
    return Store(home=tmp_path / "home", database_url=url)


@contextmanager
def an_engine(store: Store) -> Iterator[subprocess.Popen[str]]:
    with store.command("engine", stdout=subprocess.PIPE) as engine:
        try:
            assert engine.stdout is not None
            assert engine.stdout.readline() == "ready\n"
            yield engine
        finally:
            engine.kill()


def rebuild(store: Store) -> str:
    """Make the read models anew, and return what is said of them."""
    with store.command("rebuild", stdout=subprocess.PIPE) as command:
        said, _ = command.communicate(timeout=ENOUGH_S)
    assert command.returncode == 0, said
    return str(said)


def test_read_models_are_made_anew_under_writes_without_a_failed_read(a_store: Store, scale: int) -> None:
    load = Load()
    with a_store.serve() as service:
        first = service.post("/models", {"name": "first", "type": "regression"})
        with load.on(service.url), httpx.Client(base_url=service.url, trust_env=False) as client:
            position = 0
            for _ in range(scale):
                building = a_store.command("rebuild", stdout=subprocess.PIPE)
                while building.poll() is None:
                    response = client.get("/api/v1/models/first")
                    assert response.status_code == httpx.codes.OK, response.text
                    assert response.json() == first.json()
                    assert int(response.headers["X-Event-Position"]) >= position
                    position = int(response.headers["X-Event-Position"])
                said, _ = building.communicate()
                assert building.returncode == 0, said
                assert "row by row" in said
        assert load.acknowledged
        assert not load.refused
        load.require_every_effect_once(service, beside={"first"})
    assert "row by row" in rebuild(a_store)


def test_an_engine_that_stands_by_takes_over_from_one_that_is_killed(postgres_url: str, tmp_path: Path) -> None:
    serving = Store(home=tmp_path / "serving", database_url=postgres_url)
    load = Load()
    with ExitStack() as engines:
        first, second = (
            engines.enter_context(an_engine(Store(home=tmp_path / name, database_url=postgres_url)))
            for name in ("first", "second")
        )
        with serving.serve() as service, load.on(service.url):
            for engine in (first, second):
                before = len(load.acknowledged)
                assert eventually(lambda: len(load.acknowledged) > before + 20)  # noqa: B023 - used at once
                engine.send_signal(signal.SIGKILL)
            before = len(load.acknowledged)
            assert eventually(lambda: len(load.acknowledged) > before + 20)
            newest = list(load.acknowledged)[-1]
            assert eventually(lambda: service.client.get(f"/api/v1/models/{newest}").status_code == httpx.codes.OK)
    with serving.serve() as service:
        load.require_every_effect_once(service)
    assert "row by row" in rebuild(serving)


def test_a_rebuild_that_is_killed_disturbs_nobody_and_the_next_one_ends(a_store: Store) -> None:
    load = Load()
    with a_store.serve() as service:
        with load.on(service.url):
            assert eventually(lambda: len(load.acknowledged) > 200)
        for delay_s in (0.6, 0.8, 1.0):
            building = a_store.command("rebuild", stdout=subprocess.DEVNULL)
            try:
                building.wait(delay_s)
            except subprocess.TimeoutExpired:
                building.kill()
                building.wait()
            assert service.client.get("/health/ready").status_code == httpx.codes.OK
        assert "row by row" in rebuild(a_store)
        load.require_every_effect_once(service)
