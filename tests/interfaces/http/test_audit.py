"""The log over HTTP: everything in position order, and the history of one model for ever."""

from uuid import uuid4

import pytest

from tests.support.trainings import trained_version


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


def test_all_that_came_of_one_request_is_found_by_its_id(api, a_dataset):
    api.post("/models", {"name": "churn", "type": "classification"}, x_request_id="r-one")
    api.post("/models", {"name": "other", "type": "classification"}, x_request_id="r-one-and-more")
    trained_version(api, headers={"x_request_id": "r-train"})
    for request_id in ("r-one", "r-train", "nobody's"):
        wanted = [each for each in api.events() if each["correlation_id"] == request_id]
        assert api.get("/events", correlation_id=request_id).json()["items"] == wanted
    assert {each["actor"] for each in api.get("/events", correlation_id="r-train").json()["items"]} > {"anonymous"}
    narrowed = api.get("/events", correlation_id="r-train", actor="anonymous", type="training-job.requested.v1")
    assert len(narrowed.json()["items"]) == 1


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


@pytest.mark.parametrize("position", ["9223372036854775808", "9" * 20, "9" * 5_000])
def test_a_position_that_is_too_large_is_refused_with_the_limit(api, a_model, position):
    (problem,) = api.get("/events", after=position).json()["validation_errors"]
    assert problem["message"] == "must be a whole number from 0 to 9223372036854775807."
    early = api.get("/models", headers={"X-Min-Event-Position": position})
    (problem,) = early.json()["validation_errors"]
    assert problem["message"] == "must be a whole number from 0 to 9223372036854775807."
    (problem,) = api.get("/models", as_of=position).json()["validation_errors"]
    assert problem["message"] == f"lies ahead of the log, which ends at position {api.service.ledger.head()}."


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


@pytest.mark.parametrize("reference", ["id", "name"])
def test_a_retired_models_history_stays_readable_by_its_id_and_by_its_last_name(api, a_model, reference):
    position = api.send("DELETE", "/models/churn").headers["x-event-position"]
    for parameters in ({}, {"as_of": position}):
        history = api.get(f"/models/{a_model[reference]}/history", **parameters)
        assert [each["type"] for each in history.json()["items"]] == ["model.registered.v1", "model.retired.v1"]
        assert history.headers["etag"] == '"2"'


def test_a_name_that_is_free_leads_to_the_history_of_who_had_it_last(api, a_model):
    def ids(name, **parameters):
        return {each["aggregate_id"] for each in api.get(f"/models/{name}/history", **parameters).json()["items"]}

    api.send("DELETE", "/models/churn")
    second = api.register_model()["id"]
    assert ids("churn") == {second}
    renamed = int(api.send("PATCH", "/models/churn", {"name": "leavers"}).headers["x-event-position"])
    assert ids("churn") == ids("leavers") == {second}
    third = api.register_model()["id"]
    retired = int(api.send("DELETE", "/models/churn").headers["x-event-position"])
    assert ids("churn") == {third}
    assert [ids("churn", as_of=each) for each in (1, 2, renamed, retired)] == [
        {a_model["id"]},
        {a_model["id"]},
        {second},
        {third},
    ]
    for parameters in ({}, {"as_of": 1}, {"as_of": 0}):
        assert api.get("/models/never/history", **parameters).json()["error_code"] == "model.not-found"
    assert api.get("/models/churn/history", as_of=0).status_code == 404


def test_who_asks_for_a_retired_model_by_its_last_name_is_told_where_to_read_on(api, a_model):
    before = api.get("/models/churn").headers["x-event-position"]
    position = api.send("DELETE", "/models/churn").headers["x-event-position"]
    for parameters in ({}, {"as_of": position}):
        for path in ("/models/churn", "/models/churn/versions", "/models/churn/versions/1.0.0/why"):
            refused = api.get(path, **parameters)
            assert (refused.status_code, refused.json()["error_code"]) == (404, "model.not-found")
            assert "was retired on 2" in refused.json()["error"]
            assert f"/models/{a_model['id']}/history" in refused.json()["error"]
    assert api.get(f"/models/{a_model['id']}", as_of=before).json() == a_model
    assert "retired" not in api.get("/models/churn", as_of=0).json()["error"]
    assert "retired" not in api.get(f"/models/{uuid4()}").json()["error"]


def test_a_dataset_has_no_history_among_models(api, a_dataset):
    assert api.get(f"/models/{a_dataset['id']}/history").json()["error_code"] == "model.not-found"
