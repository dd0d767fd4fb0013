"""Two versions, trained and promoted one after the other: who was in production when, from what, and why."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support import data
from tests.support.service import RunningService, running_service

pytestmark = pytest.mark.slow

TABLE = data.iris()


@pytest.fixture
def a_service_on_postgresql(postgres_url: str, tmp_path: Path) -> Iterator[RunningService]:
    with running_service(tmp_path / "home", ML_SERVICE_DATABASE_URL=postgres_url) as service:
        yield service


def promote(service: RunningService, version: str, reason: str) -> int:
    response = service.client.put(
        f"/api/v1/models/iris/versions/{version}/status",
        json={"status": "production"},
        headers={"X-Reason": reason},
    )
    assert response.status_code == httpx.codes.OK, response.text
    return int(response.headers["X-Event-Position"])


def test_an_auditor_finds_out_what_was_true_and_why(
    a_service_on_postgresql: RunningService, tmp_path: Path
) -> None:
    service = a_service_on_postgresql
    dataset = service.upload("flowers", TABLE.write(tmp_path), TABLE.target)
    service.post("/models", {"name": "iris", "type": "classification"})
    promoted, jobs = {}, {}
    for version, iterations, reason in (("1.0.0", 5, "the first"), ("1.1.0", 30, "learns longer")):
        jobs[version] = service.ended(service.train("iris", "flowers", num_iterations=iterations))
        assert jobs[version]["resulting_version"] == version
        promoted[version] = promote(service, version, reason)

    for version, position in promoted.items():
        then = service.get("/events", after=position - 1, limit=1)["items"][0]["timestamp"]
        for moment in (position, then):
            assert service.get("/models/iris", as_of=moment)["production_version"] == version
    assert service.get("/models/iris/versions", as_of=promoted["1.0.0"])["items"][0]["status"] == "production"
    assert service.get("/training-jobs", as_of=promoted["1.0.0"], filter="status = 'completed'")["items"] == [
        jobs["1.0.0"]
    ]

    lineage = service.get("/models/iris/versions/production/lineage")
    assert (lineage["version"], lineage["gaps"]) == ("1.1.0", [])
    assert lineage["dataset"]["sha256"] == lineage["dataset_sha256"] == dataset["sha256"]
    assert lineage["training"]["job_id"] == jobs["1.1.0"]["id"]
    assert lineage["training"]["attempts"][-1]["ended"] == "completed"
    artifact = lineage["artifact"]["sha256"]
    assert list((service.home / "artifacts").glob(f"*/{artifact}")), "the artifact is kept under its hash"

    why = service.get("/models/iris/versions/1.1.0/why")
    assert why["is_in_production"]
    assert [each["step"] for each in why["chain"]] == [
        "dataset",
        "training requested",
        "training started",
        "trained",
        "registered",
        "moved",
    ]
    assert why["chain"][-1]["reason"] == "learns longer"
    before = service.get("/models/iris/versions/1.0.0/why")
    assert (before["is_in_production"], before["displaced_by"]) == (False, "1.1.0")
    assert service.get("/models/iris/versions/1.0.0/why", as_of=promoted["1.0.0"])["is_in_production"]

    moments = service.get("/models/iris/diff", **{"from": promoted["1.0.0"]})
    assert [each["version"] for each in moments["versions_added"]] == ["1.1.0"]
    assert [(each["version"], each["after"]) for each in moments["versions_moved"]] == [("1.0.0", "archived")]
    versions = service.get("/models/iris/diff", **{"from": "1.0.0", "to": "1.1.0"})
    assert {"status", "hyperparameters.num_iterations"} <= {each["field"] for each in versions["changes"]}

    moves = service.get("/models/iris/history", type="model.version-status-changed.v1")["items"]
    assert [each["reason"] for each in moves] == ["the first", "learns longer", "learns longer"]
