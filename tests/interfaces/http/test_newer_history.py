"""Beside a newer program this one reads on, and decides nothing on what it cannot read."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from domain.commands import command_stream_id
from domain.naming import reservation_id
from tests.support.http import CSV, Api
from tests.support.newer_program import store_newer_event

KEY = {"Idempotency_Key": "one"}


def stored(api: Api, stream_id: str | UUID, *, version: int, **what: Any) -> int:
    position = store_newer_event(api.service.ledger, UUID(str(stream_id)), version=version, **what)
    assert api.runner.wait_for(position, 10)
    return position


def refused(response: httpx.Response, topic: str) -> None:
    assert response.status_code == 503, response.text
    body = response.json()
    assert body["error_code"] == "history.unreadable"
    assert repr(topic) in body["error"]
    assert "upgrade this one" in body["error"]
    assert body["details"]["topic"] == topic
    assert response.headers["retry-after"] == "1"


@pytest.fixture
def a_model_with_a_newer_event(api: Api) -> Any:
    model = api.register_model()
    api.add_version(model)
    stored(api, model["id"], version=3)
    return model


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {"description": "new"}),
        ("DELETE", "", None),
        ("PUT", "/versions/1.0.0/status", {"status": "production"}),
        ("PUT", "/aliases/best", {"version": "1.0.0"}),
        ("DELETE", "/aliases/best", None),
    ],
)
def test_a_command_on_a_model_with_a_newer_event_is_refused_and_says_what_to_do(
    api: Api, a_model_with_a_newer_event: Any, method: str, path: str, body: Any
) -> None:
    for reference in (a_model_with_a_newer_event["id"], a_model_with_a_newer_event["name"]):
        refused(api.send(method, f"/models/{reference}{path}", body, **KEY), "model.frozen.v1")


def test_everything_else_goes_on(api: Api, a_model_with_a_newer_event: Any) -> None:
    model_id = a_model_with_a_newer_event["id"]
    refused(api.send("PATCH", f"/models/{model_id}", {"description": "new"}), "model.frozen.v1")
    assert api.get(f"/models/{model_id}").json()["latest_version"] == "1.0.0"
    assert [each["id"] for each in api.get("/models").json()["items"]] == [model_id]
    assert api.get(f"/models/{model_id}/versions/1.0.0").status_code == 200
    history = api.get(f"/models/{model_id}/history").json()["items"]
    assert [each["type"] for each in history][-1] == "model.frozen.v1"
    other = api.register_model("other")
    assert api.send("PATCH", f"/models/{other['id']}", {"description": "new"}).status_code == 200
    assert api.client.get("/health/ready").status_code == 200


def test_a_name_whose_reservation_is_newer_can_be_neither_taken_nor_used(api: Api) -> None:
    topic = "model-name.reserved.v1"
    stored(api, reservation_id("model", "churn"), version=1, topic=topic, schema=2)
    refused(api.post("/models", {"name": "churn", "type": "regression"}), topic)
    refused(api.send("PATCH", "/models/churn", {"description": "new"}), topic)
    model = api.register_model("other")
    refused(api.send("PATCH", f"/models/{model['id']}", {"name": "churn"}), topic)


def test_a_dataset_with_a_newer_event_is_not_learnt_from(api: Api) -> None:
    model = api.register_model()
    dataset = api.upload(name="customers", target="churned").json()
    stored(api, dataset["id"], version=2, topic="dataset.relabelled.v1")
    request = {"model_id": model["id"], "dataset_id": dataset["id"], "hyperparameters": {}}
    refused(api.post("/training-jobs", request), "dataset.relabelled.v1")
    assert api.get(f"/datasets/{dataset['id']}").status_code == 200
    stored(api, reservation_id("dataset", "orders"), version=1, topic="dataset-name.lent.v1")
    refused(api.upload(CSV, name="orders", target="churned"), "dataset-name.lent.v1")


def test_a_job_or_a_model_with_a_newer_event_is_not_trained_for_nor_cancelled(api: Api) -> None:
    model = api.register_model()
    dataset = api.upload(name="customers", target="churned").json()
    request = {"model_id": model["id"], "dataset_id": dataset["id"], "hyperparameters": {}}
    job = api.post("/training-jobs", request).json()
    stored(api, job["id"], version=2, topic="training-job.paused.v1")
    refused(api.post(f"/training-jobs/{job['id']}/cancel"), "training-job.paused.v1")
    assert api.get(f"/training-jobs/{job['id']}").status_code == 200
    stored(api, model["id"], version=2)
    refused(api.post("/training-jobs", request), "model.frozen.v1")


def test_a_command_that_a_newer_program_has_carried_out_is_not_carried_out_again(api: Api) -> None:
    stored(api, command_stream_id("anonymous", "one"), version=1, topic="command.completed.v1", schema=2)
    for _ in range(2):
        response = api.post("/models", {"name": "churn", "type": "regression"}, **KEY)
        refused(response, "command.completed.v1")
        refused(api.upload(name="customers", headers={"Idempotency-Key": "one"}), "command.completed.v1")
    assert api.get("/models").json()["items"] == []


def test_a_shape_that_is_newer_is_refused_like_a_topic_that_is(api: Api) -> None:
    model = api.register_model()
    stored(api, model["id"], version=2, topic="model.described.v1", schema=2)
    response = api.send("PATCH", f"/models/{model['id']}", {"description": "new"})
    refused(response, "model.described.v1")
    assert "schema version 2" in response.json()["details"]["reason"]
