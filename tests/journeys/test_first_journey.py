"""Register, train, promote, predict, look back: over HTTP, in the processes that a user would run."""

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import lightgbm as lgb
import pytest

from tests.support import data
from tests.support.data import ExampleTable
from tests.support.predicting import Traffic
from tests.support.service import RunningService

pytestmark = pytest.mark.slow


EXAMPLES = [data.wine(), data.diabetes(), data.churn(), data.customers(), data.reviews()]


@pytest.mark.parametrize("table", EXAMPLES, ids=lambda table: table.name)
def test_a_user_trains_promotes_predicts_and_looks_back(
    a_service: RunningService, tmp_path: Path, table: ExampleTable
) -> None:
    service = a_service
    dataset = service.upload(table.name, table.write(tmp_path), table.target)
    assert dataset["rows"] == table.contents().rows
    created = service.post("/models", {"name": table.name, "type": table.model_type}, **{"X-Reason": "first"})
    assert created.status_code == httpx.codes.CREATED
    job = service.ended(service.train(table.name, table.name, **table.quickly))
    assert (job["status"], job["error"], job["progress"]) == ("completed", None, 100)
    assert job["resulting_version"] == "1.0.0"
    version = service.get(f"/models/{table.name}/versions/1.0.0")
    assert version["id"] == job["resulting_version_id"]
    assert version["metrics"] == job["metrics"]
    assert all(math.isfinite(each) for each in version["metrics"].values())

    unpromoted = service.post("/inference", {"model_id": table.name, "features": []})
    assert unpromoted.json()["error_code"] == "inference.no-production-version"
    assert service.promote(table.name, "1.0.0").status_code == httpx.codes.OK
    instances = [
        {name: cells[row] for name, cells in table.cells.items() if name != table.target} for row in range(20)
    ]
    answer = service.client.post(
        "/api/v1/inference?explain=true", json={"model_id": table.name, "features": instances}
    )
    assert answer.status_code == httpx.codes.OK, answer.text
    assert answer.json()["version"] == "1.0.0"
    for result in answer.json()["results"]:
        if table.model_type == "nlp":
            assert {name.split(": ")[0] for name in result["explanation"]} <= set(instances[0])
        else:
            assert set(result["explanation"]) == set(instances[0])
        assert (result["probability"] is None) == (table.model_type == "regression")

    history = service.get(f"/models/{table.name}/history")["items"]
    assert [event["type"] for event in history] == [
        "model.registered.v1",
        "model.version-registered.v1",
        "model.version-status-changed.v1",
    ]
    assert history[0]["reason"] == "first"
    assert (
        history[1]["correlation_id"]
        == service.get("/events", aggregate_id=job["id"])["items"][0]["correlation_id"]
    )


def boosters(service: RunningService) -> set[str]:
    """Return all models that are kept, as LightGBM writes them."""
    kept = [path for path in (service.home / "artifacts").glob("*/*") if path.is_file()]
    return {path.read_text() for path in kept if path.read_bytes()[:4] == b"tree"}


def test_predictions_equal_the_engine_bit_for_bit(a_service: RunningService, tmp_path: Path) -> None:
    service, name, table = a_service, "bit-for-bit", data.diabetes()
    service.upload(name, table.write(tmp_path), table.target)
    service.post("/models", {"name": name, "type": table.model_type})
    before = boosters(service)
    service.ended(service.train(name, name, num_iterations=31))  # no other model has as many
    features = [name for name in table.cells if name != table.target]
    rows = [[table.cells[name][row] for name in features] for row in range(len(table.cells[table.target]))]
    body = {
        "model_id": name,
        "version": "1.0.0",
        "features": [dict(zip(features, row, strict=True)) for row in rows],
    }
    answered = [each["prediction"] for each in service.post("/inference", body).json()["results"]]
    (text,) = boosters(service) - before
    assert answered == lgb.Booster(model_str=text).predict(rows, num_threads=1).tolist()


def test_promotions_and_rollbacks_under_load_are_seen_at_once_and_disturb_nobody(
    a_service: RunningService, tmp_path: Path
) -> None:
    service, table, versions = a_service, data.diabetes(), ("1.0.0", "1.1.0")
    service.upload("swapped", table.write(tmp_path), table.target)
    service.post("/models", {"name": "swapped", "type": table.model_type})
    for rounds in (5, 40):
        assert service.ended(service.train("swapped", "swapped", num_iterations=rounds))["status"] == "completed"
    instances = [
        {name: cells[row] for name, cells in table.cells.items() if name != table.target} for row in range(3)
    ]
    body = {"model_id": "swapped", "features": instances}
    expected = {}
    for version in versions:
        answer = service.post("/inference", {**body, "version": version}).json()
        expected[version] = [each["prediction"] for each in answer["results"]]
    assert expected["1.0.0"] != expected["1.1.0"]
    assert service.promote("swapped", "1.0.0").status_code == httpx.codes.OK
    traffic = Traffic(service.url, body, expected, production="1.0.0")
    with ThreadPoolExecutor(3) as threads:
        clients = [threads.submit(traffic.predict) for _ in range(3)]
        try:
            for number in range(1, 31):
                version = versions[number % 2]
                traffic.promoted.append(version)
                promotion = service.promote("swapped", version)
                assert promotion.status_code == httpx.codes.OK, promotion.text
                traffic.answered += 1
                traffic.ask(service.client)
        finally:
            traffic.end()
        assert all(each.result() > 0 for each in clients)
