"""Register, train, promote, predict, look back: over HTTP, in the processes that a user would run."""

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import lightgbm as lgb
import pyarrow.parquet as pq
import pytest

from tests.support import data
from tests.support.data import ExampleTable
from tests.support.predicting import Traffic
from tests.support.series import sales
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


def test_a_table_of_dates_is_forecast_and_predicted_by_dates(a_service: RunningService, tmp_path: Path) -> None:
    service, table = a_service, sales()
    service.upload("sales", table.write(tmp_path), table.target)
    for name, kind in (("coming", "time_series"), ("sold", "regression")):
        assert service.post("/models", {"name": name, "type": kind}).status_code == httpx.codes.CREATED
    first = service.train("coming", "sales", series_column="shop", **table.quickly)
    sold = service.train("sold", "sales", min_data_in_leaf=5, features=["month", "shop", "price"])
    assert [service.ended(job)["error"] for job in (first, sold)] == [None, None]
    for name in ("coming", "sold"):
        assert service.promote(name, "1.0.0").status_code == httpx.codes.OK

    asked = [{"series": "north", "horizon": 2}, {"series": "south", "horizon": 6}]
    forecasts = [each["prediction"] for each in predicted(service, "coming", asked)]
    assert [step["time"] for step in forecasts[0]] == ["2021-01-01", "2021-02-01"]
    assert [len(each) for each in forecasts] == [2, 6]
    wanted = tmp_path / "wanted.csv"
    wanted.write_text("series,horizon\nnorth,2\nsouth,6\n")
    service.upload("wanted", wanted, None)
    assert in_a_batch(service, "coming", "wanted", tmp_path) == forecasts

    days = ["2020-12-01", "2020-12-01T00:00:00Z", "2015-01-01"]
    numbers = [
        each["prediction"]
        for each in predicted(service, "sold", [{"month": day, "shop": "south", "price": 1.0} for day in days])
    ]
    assert numbers[0] == numbers[1] > numbers[2]  # sales grow
    refused = service.post(
        "/inference", {"model_id": "sold", "features": [{"month": "12/2020", "shop": "south", "price": 1}]}
    )
    assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert refused.json()["validation_errors"][0]["field"] == "features[0].month"

    second = service.ended(service.train("coming", "sales", series_column="shop", **table.quickly, seed=2))
    report = service.get(f"/models/coming/versions/{second['resulting_version']}/report")
    assert report["production"]["version"] == "1.0.0"
    assert report["production"]["has_seen"]


def predicted(service: RunningService, model: str, features: list[dict[str, object]]) -> list[Any]:
    answer = service.post("/inference", {"model_id": model, "features": features})
    assert answer.status_code == httpx.codes.OK, answer.text
    found: list[Any] = answer.json()["results"]
    return found


def in_a_batch(service: RunningService, model: str, dataset: str, directory: Path) -> list[Any]:
    """Return what a batch predicts of the rows of a dataset."""
    batch = service.post("/batch-predictions", {"model_id": model, "dataset_id": dataset}).json()
    done = service.client.get(
        f"/api/v1/batch-predictions/{batch['id']}", headers={"Prefer": "wait=60"}, timeout=90
    ).json()
    assert done["status"] == "completed", done
    kept = directory / "predicted.parquet"
    kept.write_bytes(service.client.get(f"/api/v1/datasets/{done['resulting_dataset_id']}/content").content)
    return [each["prediction"] for each in pq.read_table(kept).to_pylist()]


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
