"""Predicting for a whole dataset, in the processes that a user would run, one of which is killed."""

import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from tests.support.processes import descendants, eventually, is_running
from tests.support.service import STOP_S, RunningService, running_service

pytestmark = pytest.mark.slow

ROWS = 2_000


def a_table(directory: Path, name: str, *, rows: int, target: bool) -> Path:
    path = directory / f"{name}.csv"
    header = "key,a,b,city" + (",left" if target else "")
    lines = [
        f"k{row:05},{row % 97 / 7},{'' if row % 5 == 0 else row * 7 % 11},{'bern' if row % 3 else 'basel'}"
        + (f",{'yes' if row * 7 % 11 > 5 else 'no'}" if target else "")
        for row in range(rows)
    ]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def a_trained_version(service: RunningService, directory: Path) -> None:
    service.upload("past", a_table(directory, "past", rows=300, target=True), "left")
    service.post("/models", {"name": "leaving", "type": "classification"})
    job = service.train("leaving", "past", num_iterations=20, features=["a", "b", "city"])
    assert service.ended(job)["status"] == "completed"
    assert service.promote("leaving", "1.0.0").status_code == httpx.codes.OK


def requested(service: RunningService, **fields: str) -> Any:
    response = service.post("/batch-predictions", {"model_id": "leaving", "dataset_id": "now", **fields})
    assert response.status_code == httpx.codes.ACCEPTED, response.text
    return response.json()


def ended(service: RunningService, batch: Any) -> Any:
    found = batch

    def is_ended() -> bool:
        nonlocal found
        path = f"/api/v1/batch-predictions/{batch['id']}"
        found = service.client.get(path, headers={"Prefer": "wait=20"}).json()
        return found["status"] in {"completed", "failed", "cancelled"}

    assert eventually(is_ended, within_s=90)
    return found


def kill_the_worker_at_its_work(service: RunningService) -> None:
    at_work: list[int] = []

    def is_at_work() -> bool:
        at_work[:] = [pid for pid in descendants(service.pid) if descendants(pid)]
        return bool(at_work)

    assert eventually(is_at_work, within_s=STOP_S)
    (worker,) = at_work
    (predicting,) = descendants(worker)
    os.kill(worker, signal.SIGKILL)
    assert eventually(lambda: not is_running(predicting), within_s=STOP_S)


def test_a_batch_whose_worker_was_killed_gives_one_dataset_with_the_numbers_of_inference(tmp_path: Path) -> None:
    with running_service(tmp_path / "home", ML_SERVICE_LEASE_S="5") as service:
        a_trained_version(service, tmp_path)
        now = a_table(tmp_path, "now", rows=ROWS, target=False)
        dataset = service.upload("now", now, None)
        batch = requested(service, name="scored", explain="prediction = 'yes'")
        kill_the_worker_at_its_work(service)
        done = ended(service, batch)
        assert (done["status"], done["attempt"], done["rows"]) == ("completed", 2, ROWS), done["error"]

        scored = service.get("/datasets/scored")
        assert (scored["id"], scored["rows"]) == (done["resulting_dataset_id"], ROWS)
        sha256 = scored["sha256"]
        table = pq.read_table(tmp_path / "home" / "artifacts" / sha256[:2] / sha256).to_pylist()
        assert [row["key"] for row in table] == [f"k{row:05}" for row in range(ROWS)]
        instances = [{name: row[name] for name in ("a", "b", "city")} for row in table]
        answer = service.client.post(
            "/api/v1/inference",
            params={"explain": "prediction = 'yes'"},
            json={"model_id": "leaving", "features": instances},
        ).json()
        for row, result in zip(table, answer["results"], strict=True):
            explanation = {name: row[f"explanation.{name}"] for name in instances[0]}
            said = None if row["prediction"] == "no" else explanation
            assert (row["prediction"], row["probability"]) == (result["prediction"], result["probability"])
            assert said == result["explanation"]

        events = service.get("/events", limit=1000, correlation_id=correlation_of(service, batch))["items"]
        types = [event["type"] for event in events]
        assert types.count("batch-prediction.started.v1") == 2
        assert types.count("batch-prediction.interrupted.v1") == 1
        assert types[-3:] == ["batch-prediction.completed.v1", "dataset.registered.v1", "dataset-name.reserved.v1"]
        assert events[0]["data"]["plan"]["dataset_id"] == dataset["id"]


def correlation_of(service: RunningService, batch: Any) -> str:
    (event,) = service.get("/events", aggregate_id=batch["id"], limit=1)["items"]
    correlation_id: str = event["correlation_id"]
    return correlation_id
