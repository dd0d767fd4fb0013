"""What happens to the service's processes, and through them, happens to nothing that was acknowledged."""

import asyncio
import json
import os
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import httpx
import nats
import pytest

from application.ledger import Ledger
from domain.training.events import TrainingJobInterrupted
from interfaces.settings import Settings
from interfaces.stores import event_environment
from tests.interfaces.cli.commands import run
from tests.support.data import endless
from tests.support.processes import descendants, eventually, is_running
from tests.support.service import STOP_S, RunningService, running_service

pytestmark = pytest.mark.slow

LEASE = {"ML_SERVICE_LEASE_S": "5"}
TABLE, LONG = endless()


async def takes_messages(nats_url: str) -> bool:
    client = await nats.connect(nats_url, allow_reconnect=False)
    try:
        return (await client.jetstream().account_info()).streams > 0
    finally:
        await client.close()


def wait_for(condition: Callable[[], bool]) -> None:
    assert eventually(condition, within_s=STOP_S)


@pytest.fixture
def a_table(tmp_path: Path) -> Path:
    return TABLE.write(tmp_path)


@pytest.fixture(scope="module")
def a_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service that soon misses its worker, for all tests that let it run on."""
    with running_service(tmp_path_factory.mktemp("service") / "home", **LEASE) as service:
        yield service


def is_listening(service: RunningService) -> bool:
    try:
        return service.client.get("/health/live").is_success
    except httpx.TransportError:
        return False


def a_running_job(service: RunningService, table: Path, *, name: str = "model") -> dict[str, str]:
    service.upload(name, table, TABLE.target)
    service.post("/models", {"name": name, "type": TABLE.model_type})
    job = service.train(name, name, **LONG)
    wait_for(lambda: service.get(f"/training-jobs/{job['id']}")["status"] == "running")
    wait_for(lambda: any(descendants(pid) for pid in descendants(service.pid)))
    return job


def test_a_job_whose_worker_was_killed_is_taken_up_again_and_ends_once(
    a_service: RunningService, a_table: Path
) -> None:
    job = a_running_job(a_service, a_table, name="taken-up")
    (worker,) = [pid for pid in descendants(a_service.pid) if descendants(pid)]
    before = [worker, *descendants(worker)]
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: not any(is_running(pid) for pid in before))
    wait_for(lambda: a_service.get(f"/training-jobs/{job['id']}")["attempt"] == 2)
    a_service.post(f"/training-jobs/{job['id']}/cancel", {})
    ended = a_service.ended(job)
    assert ended["status"] == "cancelled"
    types = [event["type"] for event in a_service.get("/events", aggregate_id=job["id"])["items"]]
    assert types.count("training-job.interrupted.v1") == 1
    assert types.count("training-job.started.v1") == 2
    assert types[-1] == "training-job.cancelled.v1"
    wait_for(lambda: not any(descendants(pid) for pid in descendants(a_service.pid)))


def test_a_job_survives_the_death_of_the_whole_service(tmp_path: Path, a_table: Path) -> None:
    home = tmp_path / "home"
    with RunningService(home, **LEASE) as service:
        service.upload("table", a_table, TABLE.target)
        service.post("/models", {"name": "model", "type": TABLE.model_type})
        job = service.train("model", "table", num_iterations=500, early_stopping_rounds=0)
        wait_for(lambda: service.get(f"/training-jobs/{job['id']}")["attempt"] == 1)
        others = descendants(service.pid)
        service.kill()
        wait_for(lambda: not any(is_running(pid) for pid in others))
    with running_service(home, **LEASE) as service:
        ended = service.ended(job)
        assert ended["status"] == "completed"
        versions = service.get("/models/model/versions")["items"]
        assert [version["version"] for version in versions] == ["1.0.0"]


def test_a_job_that_is_cancelled_stops_training(a_service: RunningService, a_table: Path) -> None:
    job = a_running_job(a_service, a_table, name="cancelled")
    (worker,) = [pid for pid in descendants(a_service.pid) if descendants(pid)]
    (training,) = descendants(worker)
    assert a_service.post(f"/training-jobs/{job['id']}/cancel", {}).status_code == httpx.codes.ACCEPTED
    assert a_service.ended(job)["status"] == "cancelled"
    wait_for(lambda: not is_running(training))
    assert is_running(worker)


def test_a_signal_stops_everything_and_gives_running_jobs_back(tmp_path: Path, a_table: Path) -> None:
    home = tmp_path / "home"
    with RunningService(home) as service:
        job = a_running_job(service, a_table)
        require_stopped_by(signal.SIGINT, service)
    with RunningService(home) as service:
        wait_for(lambda: service.get(f"/training-jobs/{job['id']}")["attempt"] == 2)
        wait_for(lambda: any(descendants(pid) for pid in descendants(service.pid)))
        require_stopped_by(signal.SIGTERM, service)
    with Ledger(event_environment(Settings(home=home))) as ledger:
        given_back = ledger.read(after=0, limit=100, topics=(TrainingJobInterrupted.TOPIC,))
    assert [each.event.originator_id for each in given_back] == [UUID(job["id"])] * 2


def require_stopped_by(number: signal.Signals, service: RunningService) -> None:
    others = descendants(service.pid)
    assert service.stop(number) == 0
    assert not any(is_running(pid) for pid in others)
    assert not (service.home / "service.json").exists()


def test_a_second_signal_stops_everything_at_once(tmp_path: Path, a_table: Path) -> None:
    with RunningService(tmp_path / "home") as service:
        a_running_job(service, a_table)
        others = descendants(service.pid)
        (worker,) = [pid for pid in others if descendants(pid)]
        os.kill(worker, signal.SIGSTOP)  # so that the first signal has somebody to wait for
        os.kill(service.pid, signal.SIGINT)
        wait_for(lambda: not is_listening(service))  # two signals at once would be one
        assert is_running(service.pid)
        assert service.stop(signal.SIGINT) == 130
        wait_for(lambda: not any(is_running(pid) for pid in others))


def test_a_running_service_says_how_it_is_reached_to_its_owner_alone(a_service: RunningService) -> None:
    path = a_service.home / "service.json"
    said = json.loads(path.read_text())
    assert said == {"pid": a_service.pid, "url": a_service.url, "nats_url": said["nats_url"]}
    assert asyncio.run(takes_messages(said["nats_url"]))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    wait_for(lambda: a_service.client.get("/health/ready").is_success)


def test_a_second_service_on_the_same_home_is_refused_and_says_where_the_first_is(
    a_service: RunningService,
) -> None:
    second = run("serve", "--port", "0", "--home", str(a_service.home))
    assert second.status == 2
    assert a_service.url in second.err
