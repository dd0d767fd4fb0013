"""Several processes answer behind one port, beside a service that leads."""

import asyncio
import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import nats
import pytest
from prometheus_client.parser import text_string_to_metric_families

from application.integration.predictions import SERVICE
from tests.support.processes import children_of, command_of, descendants, eventually, is_running, needs_proc
from tests.support.service import START_S, RunningService

pytestmark = [pytest.mark.slow, needs_proc]

PROCESSES = 2


@pytest.fixture(scope="module")
def an_api(a_service: RunningService) -> Iterator[RunningService]:
    with RunningService(a_service.home, "--workers", str(PROCESSES), role="api") as api:
        yield api


@pytest.fixture
def a_client_of_each(an_api: RunningService) -> Iterator[list[httpx.Client]]:
    """One connection to each process, in the order of their numbers."""
    assert eventually(lambda: set(numbers(an_api)) == set(range(PROCESSES)))
    with ExitStack() as clients:
        found: dict[int, httpx.Client] = {}
        while len(found) < PROCESSES:
            client = clients.enter_context(httpx.Client(base_url=an_api.url, timeout=60, trust_env=False))
            found.setdefault(number_of(client, an_api), client)
        yield [found[number] for number in range(PROCESSES)]


def counted(api: RunningService, name: str, operation: str) -> Counter[int]:
    """Return process → the value of a metric, of all that it has told of an operation."""
    found: Counter[int] = Counter()
    for family in text_string_to_metric_families(api.client.get("/metrics").text):
        for sample in family.samples:
            if sample.name == name and sample.labels.get("operation") == operation:
                found[int(sample.labels["process"])] += int(sample.value)
    return found


def numbers(api: RunningService) -> dict[int, int]:
    """Return number → process id, of the processes that tell how they fare."""
    pids = {}
    for pid in children_of(api.pid):
        with suppress(OSError, ValueError, IndexError):  # it has just ended, or is not yet what it will be
            pids[json.loads(command_of(pid).split("\0")[-2])["number"]] = pid
    told = api.client.get("/metrics").text
    return {number: pid for number, pid in pids.items() if f'uptime_seconds{{process="{number}"}}' in told}


def number_of(client: httpx.Client, api: RunningService) -> int:
    """Return the number of the process that a connection leads to."""
    before = counted(api, "ml_service_http_requests_total", "get_liveness")
    client.get("/health/live").raise_for_status()
    [number] = counted(api, "ml_service_http_requests_total", "get_liveness") - before
    return number


def test_connections_are_spread_over_all_processes(an_api: RunningService) -> None:
    assert eventually(lambda: set(numbers(an_api)) == set(range(PROCESSES)))
    before = counted(an_api, "ml_service_http_requests_total", "get_liveness")
    with ExitStack() as clients:
        for _ in range(16):
            client = clients.enter_context(httpx.Client(base_url=an_api.url, timeout=60, trust_env=False))
            client.get("/health/live").raise_for_status()
        name = "ml_service_http_requests_total"
        assert set((counted(an_api, name, "get_liveness") - before).values()) <= {7, 8, 9}


def test_figures_of_all_processes_are_told_by_whichever_is_asked(
    an_api: RunningService, a_client_of_each: list[httpx.Client]
) -> None:
    names = ("ml_service_http_requests_total", "ml_service_http_request_duration_seconds_count")
    before = [counted(an_api, name, "list_models") for name in names]
    for number, client in enumerate(a_client_of_each):
        for _ in range(3 + number):
            client.get("/api/v1/models").raise_for_status()
    for name, earlier in zip(names, before, strict=True):
        assert counted(an_api, name, "list_models") - earlier == {0: 3, 1: 4}


def test_what_one_process_has_carried_out_another_shows_and_knows_again(
    a_client_of_each: list[httpx.Client],
) -> None:
    one, other = a_client_of_each
    body, key = {"name": "twice", "type": "regression"}, {"Idempotency-Key": "k"}
    registered = one.post("/api/v1/models", json=body, headers=key)
    position = registered.headers["X-Event-Position"]
    found = other.get("/api/v1/models/twice", headers={"X-Min-Event-Position": position})
    assert (found.status_code, found.headers["ETag"]) == (200, registered.headers["ETag"])
    again = other.post("/api/v1/models", json=body, headers=key)
    assert (again.headers["Idempotent-Replayed"], again.json()) == ("true", registered.json())
    late = other.patch("/api/v1/models/twice", json={"description": "late"}, headers={"If-Match": '"9"'})
    assert late.status_code == httpx.codes.PRECONDITION_FAILED


def test_a_promotion_through_one_process_is_served_by_the_other(
    a_client_of_each: list[httpx.Client], a_service: RunningService, tmp_path: Path
) -> None:
    one, other = a_client_of_each
    table = tmp_path / "table.csv"
    table.write_text("\n".join(["a,target", *(f"{row},{'yes' if row % 7 > 3 else 'no'}" for row in range(100))]))
    a_service.upload("table", table, "target")
    a_service.post("/models", {"name": "churn", "type": "classification"})
    assert a_service.ended(a_service.train("churn", "table", num_iterations=2))["status"] == "completed"
    body = {"model_id": "churn", "features": {"a": 1}}
    assert other.post("/api/v1/inference", json=body).status_code == httpx.codes.CONFLICT
    promoted = one.put("/api/v1/models/churn/versions/1.0.0/status", json={"status": "production"})
    position = {"X-Min-Event-Position": promoted.headers["X-Event-Position"]}
    for client in (other, one, a_service.client):
        answer = client.post("/api/v1/inference", json=body, headers=position)
        assert (answer.status_code, answer.json()["version"]) == (200, "1.0.0")


def test_processes_that_answer_are_counted_and_tell_nobody_where_they_are(
    an_api: RunningService, a_service: RunningService
) -> None:
    def alive() -> int:
        found = an_api.client.get("/health").json()["dependencies"]
        [details] = [each["details"] for each in found if each["service_name"] == "api-processes"]
        return int(details["alive"])

    assert eventually(lambda: alive() == PROCESSES + 1)
    assert json.loads((a_service.home / "service.json").read_text())["url"] == a_service.url


def test_all_processes_predict_over_nats(an_api: RunningService, a_service: RunningService) -> None:
    async def instances() -> set[str]:
        client = await nats.connect(json.loads((a_service.home / "service.json").read_text())["nats_url"])
        inbox = client.new_inbox()
        heard = await client.subscribe(inbox)
        await client.publish(f"$SRV.PING.{SERVICE}", reply=inbox)
        found = {json.loads((await heard.next_msg(20)).data)["id"] for _ in range(PROCESSES + 1)}
        await client.close()
        return found

    assert len(asyncio.run(instances())) == PROCESSES + 1


def test_a_process_that_is_killed_is_replaced_while_the_others_answer(
    an_api: RunningService, a_client_of_each: list[httpx.Client]
) -> None:
    (held, kept), killed = a_client_of_each, numbers(an_api)[0]
    is_over = threading.Event()

    def ask_on_new_connections() -> int:
        """Return how many connections gave no answer."""
        lost = 0
        with httpx.Client(headers={"Connection": "close"}, timeout=60, trust_env=False) as client:
            while not is_over.is_set():
                try:
                    client.get(f"{an_api.url}/api/v1/models").raise_for_status()
                except httpx.TransportError:
                    lost += 1
        return lost

    def is_replaced() -> bool:
        kept.get("/api/v1/models").raise_for_status()
        with suppress(httpx.TransportError):  # a new connection may have met the one that was killed
            return numbers(an_api).get(0) not in {None, killed}
        return False

    with ThreadPoolExecutor() as threads:
        lost = threads.submit(ask_on_new_connections)
        try:
            os.kill(killed, signal.SIGKILL)
            assert eventually(lambda: not is_running(killed))
            assert eventually(is_replaced, within_s=START_S)
        finally:
            is_over.set()
        assert lost.result() <= 1  # that which it had when it was killed
    with suppress(httpx.TransportError):  # that its connection is gone is found out by asking
        held.get("/api/v1/models")
    assert held.get("/api/v1/models").is_success  # on a connection that it makes anew


def test_a_signal_stops_all_processes_and_leaves_the_service_alone(a_service: RunningService) -> None:
    with RunningService(a_service.home, "--workers", str(PROCESSES), role="api") as api:
        assert eventually(lambda: len(descendants(api.pid)) >= PROCESSES, within_s=START_S)
        processes = descendants(api.pid)
        assert api.stop(signal.SIGTERM) == 0
    assert not any(is_running(pid) for pid in processes)
    assert (a_service.home / "service.json").exists()
    assert eventually(lambda: a_service.client.get("/health/ready").is_success)


def test_processes_end_with_the_one_that_started_them(a_service: RunningService) -> None:
    with RunningService(a_service.home, "--workers", "1", role="api") as api:
        processes = descendants(api.pid)
        assert api.client.get("/health/live").is_success
        api.kill()
        assert eventually(lambda: not any(is_running(pid) for pid in processes))
