"""Versions are promoted and rolled back while clients predict without a pause: every answer is true, and given."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support import data
from tests.support.service import RunningService

CLIENTS = 3
PROMOTIONS = 30
ITERATIONS = {"1.0.0": 5, "1.1.0": 40}


class Traffic:
    """Clients that predict without a pause, each over a connection of its own.

    Attributes:
        promoted: Versions in the order of their promotions, noted before each is asked for.
        answered: How many of these promotions are answered.
    """

    def __init__(self, url: str, body: dict[str, object], expected: dict[str, list[float]]) -> None:
        self._url = url
        self._body = body
        self._expected = expected
        self._is_over = threading.Event()
        self.promoted = ["1.0.0"]
        self.answered = 1

    def predict(self) -> int:
        """Predict until it is over; return how often."""
        count = 0
        with httpx.Client(base_url=self._url, timeout=60, trust_env=False) as client:
            while not self._is_over.is_set():
                self.ask(client)
                count += 1
        return count

    def ask(self, client: httpx.Client) -> None:
        """Demand an answer by a version that was in production meanwhile, with the numbers of that version."""
        oldest = self.answered - 1
        response = client.post("/api/v1/inference", json=self._body)
        assert response.status_code == httpx.codes.OK, response.text
        answer = response.json()
        assert [each["prediction"] for each in answer["results"]] == self._expected[answer["version"]]
        assert answer["version"] in self.promoted[oldest:]

    def end(self) -> None:
        """Let all clients end."""
        self._is_over.set()


@pytest.fixture
def a_service_with_two_versions(an_empty_service: RunningService, tmp_path: Path) -> RunningService:
    service, table = an_empty_service, data.diabetes()
    service.upload(table.name, table.write(tmp_path), table.target)
    service.post("/models", {"name": table.name, "type": table.model_type})
    for rounds in ITERATIONS.values():
        job = service.ended(service.train(table.name, table.name, num_iterations=rounds))
        assert job["status"] == "completed"
    return service


def test_promotions_under_load_are_seen_at_once_and_disturb_nobody(
    a_service_with_two_versions: RunningService,
) -> None:
    service, table = a_service_with_two_versions, data.diabetes()
    instances = [
        {name: cells[row] for name, cells in table.cells.items() if name != table.target} for row in range(3)
    ]
    body = {"model_id": table.name, "features": instances}
    expected = {}
    for version in ITERATIONS:
        answer = service.post("/inference", {**body, "version": version}).json()
        expected[version] = [each["prediction"] for each in answer["results"]]
    assert expected["1.0.0"] != expected["1.1.0"]
    assert service.promote(table.name, "1.0.0").status_code == httpx.codes.OK
    traffic = Traffic(service.url, body, expected)
    with ThreadPoolExecutor(CLIENTS) as threads:
        clients = [threads.submit(traffic.predict) for _ in range(CLIENTS)]
        try:
            for number in range(1, PROMOTIONS + 1):
                version = sorted(ITERATIONS)[number % 2]
                traffic.promoted.append(version)
                promotion = service.promote(table.name, version)
                assert promotion.status_code == httpx.codes.OK, promotion.text
                traffic.answered += 1
                traffic.ask(service.client)
        finally:
            traffic.end()
        assert all(each.result() > 0 for each in clients)
    health = service.client.get("/health").json()
    (predictors,) = [each for each in health["dependencies"] if each["service_name"] == "predictors"]
    assert (predictors["status"], predictors["details"]) == ("healthy", {"late": 0})
