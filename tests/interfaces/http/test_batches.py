"""Batch predictions over HTTP."""

from uuid import UUID

import pytest

from application.batches.handlers import Attempts
from infrastructure.system.clock import SystemClock
from infrastructure.system.identity import RandomIdentity
from tests.support.events import PREDICTED


@pytest.fixture
def a_version_in_production(api, a_version):
    response = api.send("PUT", "/models/churn/versions/1.0.0/status", {"status": "production"})
    assert response.status_code == 200, response.text
    return a_version


@pytest.fixture
def a_request(a_version_in_production, a_dataset):
    return {"model_id": "churn", "dataset_id": "customers"}


@pytest.fixture
def a_batch(api, a_request):
    response = api.post("/batch-predictions", {**a_request, "name": "scored", "metadata": {"team": "growth"}})
    assert response.status_code == 202, response.text
    return response.json()


@pytest.fixture
def attempts(api):
    ledger = api.service.ledger
    return Attempts(ledger=ledger, identity=RandomIdentity(), clock=SystemClock(), actor="worker:1")


def completed(api, attempts, batch):
    job_id = UUID(batch["id"])
    attempts.complete(job_id, attempts.start(job_id).attempt, PREDICTED)
    position = api.service.ledger.head()
    assert api.runner.wait_for(position, 10)
    return position


def test_a_request_is_answered_with_the_job_that_waits_and_names_the_version_by_its_number(
    api, a_request, a_version, a_dataset
):
    response = api.post("/batch-predictions", {**a_request, "explain": "probability > 0.8"})
    batch = response.json()
    assert response.status_code == 202
    assert response.headers["location"] == f"/api/v1/batch-predictions/{batch['id']}"
    assert int(response.headers["retry-after"]) > 0
    assert (batch["status"], batch["progress"], batch["explain"]) == ("pending", 0, "probability > 0.8")
    assert (batch["version"], batch["version_id"]) == ("1.0.0", a_version["id"])
    assert (batch["dataset_id"], batch["dataset_sha256"]) == (a_dataset["id"], a_dataset["sha256"])
    assert batch["name"] == "customers by churn 1.0.0"
    assert api.get(f"/batch-predictions/{batch['id']}").json() == batch


@pytest.mark.parametrize(
    ("explain", "told"), [(True, "true"), (False, "false"), ("true", "true"), ("probability > 0.8",) * 2]
)
def test_explanations_are_asked_for_as_a_truth_value_or_a_condition(api, a_request, explain, told):
    batch = api.post("/batch-predictions", {**a_request, "explain": explain})
    assert (batch.status_code, batch.json()["explain"]) == (202, told)


def test_what_is_in_production_later_changes_nothing(api, a_model, a_batch):
    api.add_version(a_model, artifact_url="artifact:two")
    api.send("PUT", "/models/churn/versions/1.1.0/status", {"status": "production"})
    (requested,) = api.events("batch-prediction.requested.v1")
    assert requested["data"]["plan"]["version"] == "1.0.0"
    assert requested["data"]["plan"]["artifact_url"] == "artifact:one"


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"model_id": "nobody"}, 404, "model.not-found"),
        ({"dataset_id": "nothing"}, 404, "dataset.not-found"),
        ({"version": "9.9.9"}, 404, "model.version-not-found"),
        ({"version": "1.1.0"}, 409, "inference.not-servable"),
        ({"name": "customers"}, 409, "dataset.name-taken"),
        ({"name": "a/b"}, 422, "request.invalid"),
        ({"explain": "confidence > 1"}, 422, "request.invalid"),
        ({"explain": "probability >"}, 422, "request.invalid"),
        ({"explain": 1}, 422, "request.invalid"),
        ({"explain": None}, 422, "request.invalid"),
        ({"explain": "probability > 1e999"}, 422, "request.invalid"),
        ({"rows": 5}, 422, "request.invalid"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(api, a_request, changed, status, code):
    api.add_version(api.get("/models/churn").json(), artifact_url=None)
    response = api.post("/batch-predictions", {**a_request, **changed})
    assert (response.status_code, response.json()["error_code"]) == (status, code)
    assert api.events("batch-prediction.requested.v1") == []


def test_a_model_without_a_version_in_production_needs_a_version_named(api, a_version, a_dataset):
    request = {"model_id": "churn", "dataset_id": "customers"}
    response = api.post("/batch-predictions", request)
    assert (response.status_code, response.json()["error_code"]) == (409, "inference.no-production-version")
    assert api.post("/batch-predictions", {**request, "version": "1.0.0"}).status_code == 202


def test_a_dataset_without_the_columns_is_refused_naming_them(api, a_version_in_production):
    api.upload(b"ages,place\n" + b"1,a\n" * 20, name="strangers")
    response = api.post("/batch-predictions", {"model_id": "churn", "dataset_id": "strangers"})
    problems = response.json()["validation_errors"]
    assert response.status_code == 422
    assert [each["field"] for each in problems] == ["dataset_id", "dataset_id"]
    assert "no column 'age'" in problems[0]["message"]
    assert "Did you mean 'ages'?" in problems[0]["message"]
    assert "no column 'city'" in problems[1]["message"]


@pytest.mark.parametrize(
    ("path", "code"), [("/models/churn", "model.retired"), ("/datasets/customers", "dataset.retired")]
)
def test_what_is_retired_is_not_used(api, a_request, path, code):
    paths = {"model_id": "/models/churn", "dataset_id": "/datasets/customers"}
    request = {field: api.get(each).json()["id"] for field, each in paths.items()}
    assert api.send("DELETE", path).status_code == 204
    response = api.post("/batch-predictions", request)
    assert (response.status_code, response.json()["error_code"]) == (404, code)


def test_a_completed_batch_names_a_dataset_like_any_other(api, a_batch, attempts):
    completed(api, attempts, a_batch)
    response = api.get(f"/batch-predictions/{a_batch['id']}", {"Prefer": "wait=20"})
    batch = response.json()
    dataset = api.get("/datasets/scored").json()
    assert response.headers["preference-applied"] == "wait=20"
    assert (batch["status"], batch["progress"], batch["rows"]) == ("completed", 100, PREDICTED.contents.rows)
    assert (batch["resulting_dataset_id"], batch["resulting_sha256"]) == (dataset["id"], dataset["sha256"])
    assert dataset["rows"] == PREDICTED.contents.rows
    correlations = {each["correlation_id"] for each in api.events() if each["aggregate_id"] == dataset["id"]}
    assert correlations == {api.events("batch-prediction.requested.v1")[0]["correlation_id"]}


def test_batches_are_listed_filtered_and_read_as_they_were(api, a_request, a_batch, attempts):
    before = api.service.ledger.head()
    other = api.post("/batch-predictions", a_request).json()
    completed(api, attempts, a_batch)

    def listed(**parameters):
        return [each["id"] for each in api.get("/batch-predictions", **parameters).json()["items"]]

    assert listed() == [a_batch["id"], other["id"]]
    assert listed(filter="status = 'completed' AND metadata.team = 'growth'") == [a_batch["id"]]
    assert listed(order_by="rows", page_size=1) == [other["id"]]
    assert listed(as_of=before) == [a_batch["id"]]
    assert api.get(f"/batch-predictions/{a_batch['id']}", as_of=before).json() == a_batch


def test_a_waiting_batch_is_cancelled_at_once_and_an_ended_one_is_not(api, a_request, a_batch, attempts):
    path = f"/batch-predictions/{a_batch['id']}/cancel"
    first, again = api.post(path), api.post(path)
    assert (first.status_code, first.json()["status"], again.json()) == (202, "cancelled", first.json())
    other = api.post("/batch-predictions", a_request).json()
    completed(api, attempts, other)
    refused = api.post(f"/batch-predictions/{other['id']}/cancel")
    assert (refused.status_code, refused.json()["error_code"]) == (409, "batch-prediction.ended")


def test_a_job_of_another_kind_is_no_batch_prediction(api, a_batch, a_job):
    for path, job in (("/batch-predictions", a_job), ("/training-jobs", a_batch)):
        for response in (api.get(f"{path}/{job['id']}"), api.post(f"{path}/{job['id']}/cancel")):
            assert response.status_code == 404


def test_a_batch_that_is_not_there_is_not_found(api):
    for response in (api.get("/batch-predictions/x"), api.post("/batch-predictions/x/cancel")):
        assert (response.status_code, response.json()["error_code"]) == (404, "batch-prediction.not-found")


def test_the_same_request_with_the_same_key_is_one_batch(api, a_request):
    first, again = (api.post("/batch-predictions", a_request, Idempotency_Key="k") for _ in "ab")
    assert first.json() == again.json()
    assert len(api.events("batch-prediction.requested.v1")) == 1
