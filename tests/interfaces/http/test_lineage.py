"""Where a version is from, and why it is in production or not."""

from uuid import UUID

import pytest

from tests.support.events import TRAINED
from tests.support.newer_program import store_newer_event
from tests.support.trainings import attempts_of, trained_version


def move(api, version, status, **headers):
    response = api.send("PUT", f"/models/churn/versions/{version}/status", {"status": status}, **headers)
    assert response.status_code == 200, response.text
    return int(response.headers["x-event-position"])


def answer(api, path, **parameters):
    response = api.get(path, **parameters)
    assert response.status_code == 200, response.text
    return response.json()


def why(api, version, **parameters):
    return answer(api, f"/models/churn/versions/{version}/why", **parameters)


@pytest.fixture
def a_trained_version(api, a_model, a_dataset):
    return trained_version(
        api, hyperparameters={"n_estimators": 20}, interrupted=1, headers={"x_request_id": "r-train"}
    )


def test_a_version_leads_back_to_job_dataset_and_commands(api, a_trained_version, a_dataset):
    lineage = answer(api, "/models/churn/versions/1.0.0/lineage")
    assert (lineage["version_id"], lineage["status"]) == (a_trained_version["id"], "staging")
    assert lineage["artifact"] == {"url": a_trained_version["artifact_url"], "sha256": "ab" * 32}
    training, dataset = lineage["training"], lineage["dataset"]
    assert training["job_id"] == a_trained_version["training_job_id"]
    assert training["hyperparameters"] == {"n_estimators": 20}
    assert [(each["attempt"], each["worker"], each["ended"]) for each in training["attempts"]] == [
        (1, "worker:0", "worker-stopped"),
        (2, "worker:1", "completed"),
    ]
    assert [dataset[name] for name in ("id", "name", "sha256", "rows")] == [
        a_dataset[name] for name in ("id", "name", "sha256", "rows")
    ]
    assert lineage["dataset_sha256"] == a_dataset["sha256"]
    assert (dataset["supersedes"], lineage["gaps"]) == (None, [])
    log = {each["position"]: each for each in api.events()}
    for reference in (lineage["registered"], training["requested"], training["completed"], dataset["registered"]):
        event = log[reference["position"]]
        assert reference == {name: value for name, value in event.items() if name != "data"}


def test_a_lineage_tells_what_was_learned_from_what_with_every_setting_of_the_day(api, a_trained_version):
    plan = answer(api, "/models/churn/versions/1.0.0/lineage")["training"]["plan"]
    stored = next(each["data"]["plan"] for each in api.events() if each["type"] == "training-job.requested.v1")
    assert plan["hyperparameters"] == stored["hyperparameters"]
    assert (plan["hyperparameters"]["num_iterations"], plan["hyperparameters"]["num_leaves"]) == (20, 31)
    assert plan["target"] == stored["target"]["name"]
    assert plan["features"] == [each["name"] for each in stored["features"]]
    assert (plan["time"], plan["series"], plan["group"]) == (None, None, None)


def test_causes_lead_from_the_registration_back_to_the_request(api, a_trained_version):
    by_id = {each["id"]: each for each in api.events()}
    lineage = answer(api, "/models/churn/versions/1.0.0/lineage")
    requested, completed = lineage["training"]["requested"], lineage["training"]["completed"]
    assert lineage["registered"]["command_id"] == completed["command_id"]
    causes = [lineage["registered"]]
    while causes[-1]["causation_id"] is not None:
        causes.append(by_id[causes[-1]["causation_id"]])
    assert causes[-1]["id"] == requested["id"]
    assert {each["correlation_id"] for each in causes} == {"r-train"}
    assert [each["type"].split(".")[1] for each in causes] == [
        "version-registered",
        "progressed",
        "started",
        "interrupted",
        "started",
        "requested",
    ]


def test_of_a_version_trained_elsewhere_the_gaps_are_told(api, a_version):
    lineage = answer(api, "/models/churn/versions/1.0.0/lineage")
    assert (lineage["training"], lineage["dataset"]) == (None, None)
    assert lineage["artifact"] == {"url": "artifact:one", "sha256": None}
    assert len(lineage["gaps"]) == 2


def test_what_is_in_production_is_explained_from_dataset_to_promotion(api, a_trained_version):
    position = move(api, "1.0.0", "production", x_reason="better auc")
    found = why(api, "production")
    assert (found["is_in_production"], found["displaced_by"]) == (True, None)
    assert [each["step"] for each in found["chain"]] == [
        "dataset",
        "training requested",
        "training started",
        "trained",
        "registered",
        "moved",
    ]
    positions = [each["position"] for each in found["chain"]]
    assert positions == sorted(positions)
    assert positions[-1] == position
    assert found["chain"][-1]["reason"] == "better auc"
    assert found["since"] == found["chain"][-1]["timestamp"]
    assert "has been in production since" in found["answer"]
    assert "anonymous promoted it" in found["answer"]
    assert "better auc" in found["answer"]
    assert [each["sentence"].split()[0] for each in found["chain"]] == [
        "anonymous",
        "anonymous",
        "worker:1",
        "worker:1",
        "What",
        "anonymous",
    ]


def test_a_version_that_was_never_promoted_says_so(api, a_version):
    found = why(api, "1.0.0")
    assert (found["is_in_production"], [each["step"] for each in found["chain"]]) == (False, ["registered"])
    assert "nobody has ever promoted it" in found["answer"]
    move(api, "1.0.0", "archived")
    found = why(api, "1.0.0")
    assert [each["step"] for each in found["chain"]] == ["registered", "moved"]
    assert "Its status has been archived since" in found["answer"]


def test_a_version_names_the_one_that_took_its_place(api, a_model, a_version):
    api.add_version(a_model)
    move(api, "1.0.0", "production")
    move(api, "1.1.0", "production", x_reason="drift")
    displaced, successor = why(api, "1.0.0"), why(api, "1.1.0")
    assert (displaced["is_in_production"], displaced["displaced_by"]) == (False, "1.1.0")
    assert "promoted version 1.1.0, which archived it" in displaced["answer"]
    assert "drift" in displaced["answer"]
    assert "in the place of version 1.0.0" in successor["answer"]
    assert "which archived version 1.0.0" in successor["chain"][-1]["sentence"]


def test_a_version_that_was_moved_out_of_production_says_by_whom(api, a_version):
    move(api, "1.0.0", "production")
    move(api, "1.0.0", "deprecated", x_reason="too old")
    move(api, "1.0.0", "archived")
    found = why(api, "1.0.0")
    assert (found["displaced_by"], found["status"]) == (None, "archived")
    assert "anonymous moved it from production to deprecated" in found["answer"]
    assert "too old" in found["answer"]
    assert "Its status has been archived since" in found["answer"]
    assert len([each for each in found["chain"] if each["step"] == "moved"]) == 3


def test_of_many_moves_the_last_promotion_counts(api, a_model, a_version):
    api.add_version(a_model)
    for version in ("1.0.0", "1.1.0", "1.0.0"):
        last = move(api, version, "production")
    api.send("PUT", "/models/churn/aliases/champion", {"version": "1.0.0"})
    found = why(api, "1.0.0")
    assert found["is_in_production"] is True
    moves = [each["position"] for each in found["chain"] if each["step"] == "moved"]
    assert moves == [last]
    assert "in the place of version 1.1.0" in found["answer"]


def test_why_is_answered_as_it_was(api, a_model, a_version):
    api.add_version(a_model)
    then = move(api, "1.0.0", "production")
    now = move(api, "1.1.0", "production")
    assert why(api, "1.0.0", as_of=then)["is_in_production"] is True
    assert why(api, "production", as_of=then)["version"] == "1.0.0"
    assert why(api, "production", as_of=now)["version"] == "1.1.0"
    assert answer(api, "/models/churn/versions/1.0.0/lineage", as_of=then)["status"] == "production"
    api.send("DELETE", "/models/churn")
    assert api.get("/models/churn/versions/1.0.0/why").status_code == 404


def test_a_retired_models_versions_are_in_production_no_more(api, a_model, a_version):
    api.add_version(a_model)
    promoted = move(api, "1.0.0", "production", x_reason="better auc")
    api.send("DELETE", "/models/churn", x_reason="nobody asks it")
    (retired,) = api.events("model.retired.v1")
    for version, status in (("1.0.0", "production"), ("1.1.0", "staging")):
        path = f"/models/{a_model['id']}/versions/{version}/why"
        found = answer(api, path, as_of=retired["position"])
        assert (found["is_in_production"], found["status"]) == (False, status)
        link = found["chain"][-1]
        assert link["step"] == "retired"
        assert {name: link[name] for name in retired if name != "data"} == {
            name: each for name, each in retired.items() if name != "data"
        }
        when = f"{retired['timestamp'][:10]} {retired['timestamp'][11:19]} UTC"
        sentence = f"anonymous retired the model on {when}. The reason given: “nobody asks it”."
        assert link["sentence"] == sentence
        assert sentence in found["answer"]
        assert retired["timestamp"] not in found["answer"]
    was = answer(api, f"/models/{a_model['id']}/versions/1.0.0/why", as_of=retired["position"])
    assert was["since"] == next(each["timestamp"] for each in api.events() if each["position"] == promoted)
    assert "It had been in production since" in was["answer"]
    assert "better auc" in was["answer"]
    before = answer(api, "/models/churn/versions/1.0.0/why", as_of=promoted)
    assert (before["is_in_production"], before["chain"][-1]["step"]) == (True, "moved")


def test_events_of_the_model_that_cannot_be_read_are_a_gap(api, a_model, a_version):
    def newer(model, version, **what):
        position = store_newer_event(api.service.ledger, UUID(model["id"]), version=version, **what)
        assert api.runner.wait_for(position, 10)
        return position

    def untold(**parameters):
        return [
            [
                each
                for each in answer(api, f"/models/churn/versions/1.0.0/{what}", **parameters)["gaps"]
                if "read" in each
            ]
            for what in ("why", "lineage")
        ]

    newer(api.register_model("other"), 2)
    assert untold() == [[], []]
    first = newer(a_model, 3)
    last = newer(a_model, 4, topic="model.described.v1", schema=2)
    what = "The history of model 'churn' holds {}: what they changed is not told here."
    both = what.format(
        f"2 events that this program cannot read, the newest 'model.described.v1' at position {last}"
    )
    one = what.format(f"1 event that this program cannot read, the newest 'model.frozen.v1' at position {first}")
    assert untold() == [[both], [both]]
    assert untold(as_of=first) == [[one], [one]]


def test_that_nothing_is_in_production_is_said_so(api, a_version):
    path = "/models/churn/versions/production"
    head = int(api.get("/models/churn").headers["x-event-position"])
    assert api.get(path).json()["error"] == "No version of model 'churn' is in production."
    assert api.get(f"{path}/why", as_of=head).json()["error"] == (
        f"No version of model 'churn' was in production at position {head}."
    )
    refused = api.send("PUT", f"{path}/status", {"status": "archived"})
    assert (refused.status_code, refused.json()["error"]) == (404, api.get(path).json()["error"])
    move(api, "1.0.0", "archived")
    refused = api.send("PUT", "/models/churn/versions/1.0.0/status", {"status": "deprecated"})
    assert refused.json()["error"].startswith("Version 1.0.0 is archived: it may move to ")


def test_a_job_that_completed_in_spite_of_a_cancellation_is_explained_all_the_same(api, a_job):
    attempts = attempts_of(api.service.ledger)
    attempt = attempts.start(UUID(a_job["id"])).attempt
    assert api.post(f"/training-jobs/{a_job['id']}/cancel").status_code == 202
    attempts.complete(UUID(a_job["id"]), attempt, TRAINED)
    assert api.runner.wait_for(api.service.ledger.head(), 10)
    lineage = answer(api, "/models/churn/versions/1.0.0/lineage")
    assert lineage["training"]["requested"]["position"] < lineage["training"]["completed"]["position"]


@pytest.mark.parametrize("question", ["why", "lineage"])
def test_there_is_no_lineage_of_what_is_not_there(api, a_version, question):
    for path, code in (
        (f"/models/churn/versions/9.9.9/{question}", "model.version-not-found"),
        (f"/models/churn/versions/production/{question}", "model.version-not-found"),
        (f"/models/nothing/versions/1.0.0/{question}", "model.not-found"),
    ):
        response = api.get(path)
        assert (response.status_code, response.json()["error_code"]) == (404, code)
    assert api.get(f"/models/churn/versions/1.0.0/{question}", as_of=1).status_code == 404
