"""The Database Service and NATS are killed again and again while models are registered: both sides end equal."""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.nats import NatsServer
from tests.support.processes import started
from tests.support.registry import Registry, RunningMirror, require_equal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_000)]

_DATABASE = """
from infrastructure.messaging.address import NatsAddress
from interfaces.database import run_database
from interfaces.settings import Settings

settings = Settings()
run_database(settings, address=lambda: NatsAddress(url=settings.nats_url.get_secret_value()))
"""


class DatabaseProcess:
    """The role `database` in a process of its own."""

    def __init__(self, home: Path, nats: NatsServer) -> None:
        home.mkdir(exist_ok=True)
        self._settings = {"ML_SERVICE_HOME": str(home), "ML_SERVICE_NATS_URL": nats.url}
        self.start()

    def start(self) -> None:
        self._process = started(
            [sys.executable, "-c", _DATABASE], env={**os.environ, **self._settings}, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()
        self._process.wait()


@pytest.fixture
def a_database(tmp_path: Path, nats_server: NatsServer) -> Iterator[DatabaseProcess]:
    database = DatabaseProcess(tmp_path / "database", nats_server)
    yield database
    database.kill()


@contextmanager
def load(registry: Registry) -> Iterator[None]:
    """Register models, train and promote as long as the block lasts."""
    stopping = threading.Event()

    def change() -> None:
        number = 0
        while not stopping.is_set():
            registry.register(f"model-{number}")
            registry.train()
            number += 1
            time.sleep(0.05)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


@contextmanager
def mirrored(registry: Registry, nats: NatsServer) -> Iterator[RunningMirror]:
    mirror = RunningMirror(registry, nats)
    try:
        yield mirror
    finally:
        mirror.stop()


def test_a_database_service_that_is_killed_again_and_again_ends_with_every_row(
    tmp_path: Path, nats_server: NatsServer, a_database: DatabaseProcess, scale: int
) -> None:
    chance = random.Random(1)
    with Registry(tmp_path / "registry") as registry, mirrored(registry, nats_server) as mirror:
        with load(registry):
            for _ in range(3 * scale):
                time.sleep(chance.uniform(0.5, 2.0))
                a_database.kill()
                a_database.start()
        require_equal(registry, nats_server, mirror)


def test_nats_that_is_killed_again_and_again_loses_no_row(
    tmp_path: Path, nats_server: NatsServer, a_database: DatabaseProcess, scale: int
) -> None:
    chance = random.Random(2)
    with Registry(tmp_path / "registry") as registry, mirrored(registry, nats_server) as mirror:
        with load(registry):
            for _ in range(2 * scale):
                time.sleep(chance.uniform(0.5, 2.0))
                nats_server.kill()
                time.sleep(chance.uniform(0.0, 0.5))
                nats_server.start()
        require_equal(registry, nats_server, mirror)


def test_a_mirror_that_is_ended_again_and_again_leaves_out_nothing(
    tmp_path: Path, nats_server: NatsServer, a_database: DatabaseProcess, scale: int
) -> None:
    chance = random.Random(3)
    with Registry(tmp_path / "registry") as registry:
        with load(registry):
            for _ in range(3 * scale):
                with mirrored(registry, nats_server):
                    time.sleep(chance.uniform(0.1, 1.0))
        with mirrored(registry, nats_server) as mirror:
            require_equal(registry, nats_server, mirror)
