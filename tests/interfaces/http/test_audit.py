"""The log over HTTP: everything in position order, and the history of one model for ever."""

from uuid import uuid4

import pytest


def test_every_event_says_who_when_what_and_why(api):
    response = api.post(
        "/models", {"name": "churn", "type": "regression"}, x_reason="we need it", x_request_id="r1"
    )
    item = api.get("/events").json()["items"][0]
    assert set(item) == {
        "position",
        "id",
        "type",
        "aggregate_id",
        "aggregate_version",
        "timestamp",
        "actor",
        "reason",
        "correlation_id",
        "causation_id",
        "command_id",
        "data",
    }
    assert (item["position"], item["type"], item["aggregate_version"]) == (1, "model.registered.v1", 1)
    assert item["aggregate_id"] == response.json()["id"]
    assert (item["actor"], item["reason"], item["correlation_id"]) == ("anonymous", "we need it", "r1")
    assert item["data"] == {"name": "churn", "type": "regression", "description": None, "metadata": {}}


def test_the_log_is_read_on_from_the_last_position(api):
    for name in "abc":
        api.register_model(name)
    found, after = [], 0
    while items := (page := api.get("/events", after=after, limit=2).json())["items"]:
        found += [each["position"] for each in items]
        assert page["next_after"] == items[-1]["position"]
        after = page["next_after"]
    assert found == [1, 2, 3, 4, 5, 6]
    assert page == {"items": [], "next_after": 6}


def test_the_log_is_narrowed_by_type_aggregate_and_actor(api, a_model):
    api.register_model("other")
    assert len(api.get("/events", type="model.registered.v1").json()["items"]) == 2
    assert [each["type"] for each in api.get("/events", aggregate_id=a_model["id"]).json()["items"]] == [
        "model.registered.v1"
    ]
    assert len(api.get("/events", actor="anonymous").json()["items"]) == 4
    for parameters in ({"actor": "nobody"}, {"type": "nothing.v1"}, {"aggregate_id": str(uuid4())}):
        found = api.get("/events", **parameters).json()
        assert found["items"] == []
        assert isinstance(found["next_after"], int)


def test_the_record_of_a_command_is_in_the_log(api):
    api.post("/models", {"name": "churn", "type": "regression"}, idempotency_key="one")
    (record,) = api.get("/events", type="command.completed.v1").json()["items"]
    assert record["data"]["answer"]["status"] == 201


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("after", "-1"),
        ("after", "x"),
        ("after", "9" * 20),
        ("limit", "0"),
        ("limit", "1001"),
        ("aggregate_id", "x"),
    ],
)
def test_a_question_to_the_log_that_cannot_be_read_is_refused(api, name, value):
    response = api.get("/events", **{name: value})
    assert response.status_code == 422
    assert response.json()["validation_errors"][0]["field"] == name


def test_the_history_of_a_model_is_every_event_of_it_page_by_page(api, a_model, a_version):
    api.register_model("other")
    api.send("PATCH", "/models/churn", {"description": "new"})
    found, token = [], None
    while True:
        page = api.get(
            "/models/churn/history", page_size=1, **({} if token is None else {"page_token": token})
        ).json()
        found += page["items"]
        token = page["next_page_token"]
        if token is None:
            break
    assert [each["aggregate_version"] for each in found] == [1, 2, 3]
    assert found == api.get("/events", aggregate_id=a_model["id"]).json()["items"]


def test_a_retired_models_history_stays_readable_by_its_id(api, a_model):
    api.send("DELETE", "/models/churn")
    history = api.get(f"/models/{a_model['id']}/history")
    assert [each["type"] for each in history.json()["items"]] == ["model.registered.v1", "model.retired.v1"]
    assert history.headers["etag"] == '"2"'
    assert api.get("/models/churn/history").status_code == 404


def test_a_dataset_has_no_history_among_models(api, a_dataset):
    assert api.get(f"/models/{a_dataset['id']}/history").json()["error_code"] == "model.not-found"
