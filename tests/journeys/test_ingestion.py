"""A neighbour says that data have come in: a dataset, a training and a version follow; what cannot be, waits."""

import json
from pathlib import Path

import pytest

from infrastructure.messaging.address import NatsAddress
from tests.interfaces.cli.commands import run
from tests.support.inboxes import INGESTED, Neighbour
from tests.support.processes import eventually
from tests.support.service import RunningService, running_service


def lies(directory: Path, name: str, *, rows: int) -> str:
    lines = [f"{number},{'ab'[number % 2]},{'yn'[number % 2]}" for number in range(rows)]
    (directory / name).write_text("\n".join(["age,city,churned", *lines]) + "\n")
    return name


def nats_of(service: RunningService) -> NatsAddress:
    return NatsAddress(url=json.loads((service.home / "service.json").read_text())["nats_url"])


@pytest.mark.slow
def test_data_that_come_in_train_the_models_that_follow_them(tmp_path: Path, postgres_url: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    settings = {"ML_SERVICE_DATABASE_URL": postgres_url}
    with running_service(tmp_path / "home", "--dataset-root", str(data), **settings) as service:
        auto_train = {"dataset_id": "orders", "hyperparameters": {"target": "churned", "n_estimators": 5}}
        model = {"name": "churn", "type": "classification", "metadata": {"auto_train": auto_train}}
        assert service.post("/models", model).status_code == 201
        uri = lies(data, "first.csv", rows=60)
        payload = {"dataset_id": "orders", "uri": uri}
        body = {"event_type": "data.ingestion.completed", "payload": payload}
        for path in ("/events/callback", "/api/v1/events/callback"):
            assert service.client.post(path, json=body).status_code == 202
        assert eventually(lambda: service.get("/training-jobs")["items"], within_s=60)
        (job,) = service.get("/training-jobs")["items"]
        assert service.ended(job)["status"] == "completed"
        assert service.get("/models/churn/versions/1.0.0")["dataset_id"] == service.get("/datasets/orders")["id"]

        with Neighbour(nats_of(service)) as neighbour:
            neighbour.tells("late", subject=INGESTED, dataset_id="orders", uri="late.csv")
            neighbour.tells("next", subject=INGESTED, dataset_id="orders", uri=lies(data, "next.csv", rows=70))
            assert eventually(lambda: len(service.get("/dead-letters")["items"]) == 2)
        late, _ = run("dead-letters", "list", "--url", service.url).lines
        assert "names nothing that is there" in late["reason"]
        lies(data, "late.csv", rows=65)
        assert run("dead-letters", "replay", str(late["id"]), "--url", service.url).status == 0
        datasets = service.get("/datasets")["items"]
        assert [(each["name"], each["rows"]) for each in datasets] == [
            ("orders", 60),
            ("orders-2", 65),
            ("orders-3", 70),
        ]
        assert service.get("/dead-letters")["items"] == []
        assert len(service.get("/training-jobs")["items"]) == 3
