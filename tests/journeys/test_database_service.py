"""The platform's Database Service has what readers see here: after crashes, a wipe and a rebuild, too."""

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from tests.interfaces.cli.commands import Ended, run
from tests.support.nats import NatsServer
from tests.support.processes import children_of, command_of, eventually, needs_proc
from tests.support.service import RunningService, running_service

pytestmark = pytest.mark.slow

OWN = {"ML_SERVICE_DATABASE_SERVICE": "own"}


@pytest.fixture
def a_table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    lines = [f"{row},{row * 7 % 11},{'yes' if row * 7 % 11 > 5 else 'no'}" for row in range(200)]
    path.write_text("\n".join(["a,b,target", *lines]))
    return path


def verified(home: Path, *flags: str) -> Ended:
    """Return what `mirror verify` says."""
    return run("mirror", "verify", "--home", str(home), *flags)


def are_the_same(home: Path) -> bool:
    said = verified(home, "--no-repair")
    return said.status == 0 and "the same on both sides" in said.out


def register(service: RunningService, *names: str) -> None:
    for name in names:
        assert service.post("/models", {"name": name, "type": "classification"}).is_success


@needs_proc
def test_it_has_every_row_after_a_crash_a_wipe_and_a_rebuild(tmp_path: Path, a_table: Path) -> None:
    home = tmp_path / "home"
    with running_service(home, **OWN) as service:
        service.upload("table", a_table, "target")
        register(service, "one")
        assert service.ended(service.train("one", "table", num_iterations=10))["status"] == "completed"
        service.promote("one", "1.0.0")
        assert eventually(lambda: are_the_same(home))

        [server] = [pid for pid in children_of(service.pid) if "database" in command_of(pid)]
        os.kill(server, signal.SIGKILL)
        register(service, "two", "three")
        assert eventually(lambda: are_the_same(home))

        assert run("rebuild", "--home", str(home)).status == 0
        register(service, "four")
        assert eventually(lambda: are_the_same(home))
    for file in home.glob("database_service.db*"):
        file.unlink()
    with running_service(home, **OWN) as service:
        register(service, "five")
        assert eventually(lambda: are_the_same(home))
    assert are_the_same(home)  # with nothing running, too


def test_two_services_on_one_nats_leave_each_others_rows_alone(tmp_path: Path, nats_server: NatsServer) -> None:
    nats = {"ML_SERVICE_NATS_URL": nats_server.url}
    homes = tmp_path / "first", tmp_path / "second"
    with running_service(homes[0], **OWN, **nats) as first:
        register(first, "one", "two")
        assert eventually(lambda: are_the_same(homes[0])), verified(homes[0], "--no-repair")
        with running_service(homes[1], **nats) as second:
            register(second, "another")

            health = partial(second.client.get, "/health")
            assert eventually(lambda: "nothing is sent to the Database Service" in health().text), health().text
            assert eventually(lambda: "answers on this NATS from another log" in health().text), health().text
            said = verified(homes[1])
            assert said.status == 3
            assert "nothing may be repaired now: Stream ML_EVENTS" in said.err
        assert are_the_same(homes[0])
