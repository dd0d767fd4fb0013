"""Engines are killed and read models made anew while commands come in: nothing is projected twice or left out."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.faults.load import Load
from tests.faults.stores import NO_WORKER, Store
from tests.support.postgres import PostgresServer
from tests.support.processes import eventually
from tests.support.service import RunningService

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_000)]

ENOUGH_S = 60
FIRST = "first"


@dataclass(frozen=True)
class Busy:
    """A service that tests send commands to, one after the other, and what all of these became."""

    store: Store
    service: RunningService
    load: Load


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def a_busy_service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Busy]:
    with ExitStack() as resources:
        url = None
        if request.param == "PostgreSQL":
            server: PostgresServer = request.getfixturevalue("postgres_server")
            url = resources.enter_context(server.fresh_database())
        store = Store(home=tmp_path_factory.mktemp("busy") / "home", database_url=url)
        service = resources.enter_context(store.serve(**NO_WORKER))
        service.post("/models", {"name": FIRST, "type": "regression"})
        yield Busy(store, service, Load())


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


def test_read_models_are_made_anew_under_writes_without_a_failed_read(a_busy_service: Busy, scale: int) -> None:
    store, service, load = a_busy_service.store, a_busy_service.service, a_busy_service.load
    first = service.get(f"/models/{FIRST}")
    with load.on(service.url):
        position = 0
        for _ in range(scale):
            building = store.command("rebuild", stdout=subprocess.PIPE)
            while building.poll() is None:
                response = service.client.get(f"/api/v1/models/{FIRST}")
                assert response.status_code == httpx.codes.OK, response.text
                assert response.json() == first
                assert int(response.headers["X-Event-Position"]) >= position
                position = int(response.headers["X-Event-Position"])
                time.sleep(0.02)
            said, _ = building.communicate()
            assert building.returncode == 0, said
            assert "row by row" in said
    assert load.acknowledged
    assert not load.refused
    load.require_every_effect_once(service, beside={FIRST})
    assert "row by row" in rebuild(store)


def test_an_engine_that_stands_by_takes_over_from_one_that_is_killed(postgres_url: str, tmp_path: Path) -> None:
    serving = Store(home=tmp_path / "serving", database_url=postgres_url)
    load = Load()
    with ExitStack() as engines:
        first, second = (
            engines.enter_context(an_engine(Store(home=tmp_path / name, database_url=postgres_url)))
            for name in ("first", "second")
        )
        with serving.serve(**NO_WORKER) as service, load.on(service.url):
            for engine in (first, second):
                before = len(load.acknowledged)
                assert eventually(lambda: len(load.acknowledged) > before + 20)  # noqa: B023 - used at once
                engine.send_signal(signal.SIGKILL)
            before = len(load.acknowledged)
            assert eventually(lambda: len(load.acknowledged) > before + 20)
            newest = list(load.acknowledged)[-1]
            assert eventually(lambda: service.client.get(f"/api/v1/models/{newest}").status_code == httpx.codes.OK)
    with serving.serve(**NO_WORKER) as service:
        load.require_every_effect_once(service)
    assert "row by row" in rebuild(serving)


def test_a_rebuild_that_is_killed_disturbs_nobody_and_the_next_one_ends(a_busy_service: Busy) -> None:
    store, service, load = a_busy_service.store, a_busy_service.service, a_busy_service.load
    with load.on(service.url):
        before = len(load.acknowledged)
        assert eventually(lambda: len(load.acknowledged) > before + 200)
    for delay_s in (0.6, 0.8, 1.0):
        building = store.command("rebuild", stdout=subprocess.DEVNULL)
        try:
            building.wait(delay_s)
        except subprocess.TimeoutExpired:
            building.kill()
            building.wait()
        assert eventually(lambda: service.client.get("/health/ready").status_code == httpx.codes.OK)
    assert "row by row" in rebuild(store)
    load.require_every_effect_once(service, beside={FIRST})
