"""A service tells what of its surroundings is gone, and goes on without it."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.nats import NatsServer
from tests.support.processes import children_of, command_of, eventually, needs_proc
from tests.support.service import RunningService, running_service

DEPENDENCIES = {
    "event-store",
    "read-models",
    "artifact-store",
    "predictors",
    "nats",
    "relay",
    "inbox",
    "database-service",
    "workers",
    "api-processes",
}


@pytest.fixture(scope="module")
def its_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with NatsServer(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture(scope="module")
def a_service_on_nats(its_nats: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service that each test finds healthy, and leaves so."""
    settings = {"ML_SERVICE_NATS_URL": its_nats.url, "ML_SERVICE_DATABASE_SERVICE": "own"}
    with running_service(tmp_path_factory.mktemp("health") / "home", **settings) as service:
        assert becomes(service, "healthy"), health(service)
        yield service


def health(service: RunningService) -> Any:
    return service.client.get("/health").json()


def becomes(service: RunningService, status: str, *, of: str | None = None) -> bool:
    def is_so() -> bool:
        found = health(service)
        statuses = {each["service_name"]: each["status"] for each in found["dependencies"]}
        return (found["status"] if of is None else statuses[of]) == status

    return eventually(is_so)


def test_a_service_that_runs_knows_all_that_it_works_with(a_service_on_nats: RunningService) -> None:
    found = health(a_service_on_nats)
    assert {each["service_name"] for each in found["dependencies"]} == DEPENDENCIES
    assert found["active_subscriptions"] > 0
    workers = next(each for each in found["dependencies"] if each["service_name"] == "workers")
    assert workers["details"] == {"alive": 1, "waiting": 0, "running": 0, "oldest_waiting_s": 0.0}
    assert all(each["url"] and "@" not in each["url"] for each in found["dependencies"])


@needs_proc
def test_a_worker_that_stands_still_is_missed_until_it_goes_on(a_service_on_nats: RunningService) -> None:
    [worker] = [pid for pid in children_of(a_service_on_nats.pid) if "worker" in command_of(pid)]
    os.kill(worker, signal.SIGSTOP)
    try:
        assert becomes(a_service_on_nats, "unhealthy", of="workers")
        assert health(a_service_on_nats)["status"] == "degraded"
    finally:
        os.kill(worker, signal.SIGCONT)
    assert becomes(a_service_on_nats, "healthy")


def test_commands_go_on_while_nats_stands_still(a_service_on_nats: RunningService, its_nats: NatsServer) -> None:
    its_nats.pause()
    assert becomes(a_service_on_nats, "unhealthy", of="nats")
    assert a_service_on_nats.client.get("/health").status_code == 200
    assert a_service_on_nats.post("/models", {"name": "churn", "type": "regression"}).is_success
    its_nats.resume()
    assert becomes(a_service_on_nats, "healthy")
