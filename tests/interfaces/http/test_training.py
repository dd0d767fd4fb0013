"""Training jobs over HTTP: requested, waited for, cancelled."""

import threading
from uuid import UUID

import pytest

from domain.jobs import job as jobs
from domain.training.job import TrainingJob
from tests.support.commands import a_context
from tests.support.trainings import complete


def problems_of(response):
    assert response.status_code == 422, response.text
    return {each["field"]: each["message"] for each in response.json()["validation_errors"]}


def fail(api, job):
    """End the job as a worker would."""
    ledger = api.service.ledger
    for decide in (
        lambda job, by: jobs.start(job, worker="worker-1", by=by),
        lambda job, by: jobs.fail(job, attempt=1, code="training.constant-target", error="One value.", by=by),
    ):
        ledger.commit([decide(ledger.job(UUID(job["id"]), TrainingJob), a_context().provenance)])


def test_a_requested_job_waits_for_a_worker_at_its_location(api, a_model, a_dataset):
    body = {"model_id": "churn", "dataset_id": "customers", "hyperparameters": {"n_estimators": 20}}
    response = api.post("/training-jobs", body)
    assert response.status_code == 202
    assert response.headers["retry-after"] == "1"
    job = response.json()
    assert (job["status"], job["progress"]) == ("pending", 0)
    assert (job["model_id"], job["dataset_id"]) == (a_model["id"], a_dataset["id"])
    assert job["hyperparameters"] == {"n_estimators": 20}
    read = api.client.get(response.headers["location"])
    assert (read.json(), read.headers["etag"]) == (job, '"1"')


@pytest.mark.usefixtures("a_model", "a_dataset")
@pytest.mark.parametrize(
    ("changes", "field", "hint"),
    [
        ({"model_id": "chun"}, "model_id", "'churn'"),
        ({"dataset_id": "costumers"}, "dataset_id", "'customers'"),
        ({"hyperparameters": {"num_leafs": 3}}, "hyperparameters.num_leafs", "'num_leaf'"),
        ({"hyperparameters": {"target": "churnd"}}, "hyperparameters.target", "'churned'"),
        ({"hyperparameters": {"executor": "dask"}}, "hyperparameters.executor", "ML_SERVICE_DASK_ADDRESS"),
        ({"hyperparameters": []}, "hyperparameters", "object"),
        ({"model": "churn"}, "model", "'model_id'"),
        ({"priority": 10}, "priority", "at most 9"),
    ],
)
def test_what_is_knowable_at_the_request_is_refused_then(api, changes, field, hint):
    body = {"model_id": "churn", "dataset_id": "customers"} | changes
    assert hint in problems_of(api.post("/training-jobs", body))[field]
    assert api.events("training-job.requested.v1") == []


def test_who_prefers_to_wait_is_answered_when_the_job_ends(api, a_job):
    worker = threading.Timer(0.2, fail, (api, a_job))
    worker.start()
    response = api.get(f"/training-jobs/{a_job['id']}", {"Prefer": "respond-async, wait=20"})
    worker.join()
    assert response.status_code == 200
    assert response.headers["preference-applied"] == "wait=20"
    assert (response.json()["status"], response.json()["error"]) == ("failed", "One value.")


def test_a_wait_that_ends_before_the_job_answers_how_it_stands(api, a_job):
    for prefer in ("wait=0", "wait=1"):
        response = api.get(f"/training-jobs/{a_job['id']}", {"Prefer": prefer})
        assert response.json() == a_job
        assert response.headers["preference-applied"] == prefer


def test_a_wait_is_bounded_by_a_minute_and_one_that_cannot_be_read_is_none(api, a_job):
    fail(api, a_job)
    path = f"/training-jobs/{a_job['id']}"
    assert api.get(path, {"Prefer": "wait=9999"}).headers["preference-applied"] == "wait=60"
    assert api.get(path, {"Prefer": f"wait={'9' * 5_000}"}).headers["preference-applied"] == "wait=60"
    for prefer in ("wait=soon", "wait=1.5", "wait=-1", "wait=", "wait"):
        assert "preference-applied" not in api.get(path, {"Prefer": prefer}).headers


def test_a_waiting_job_is_cancelled_at_once(api, a_job):
    response = api.post(f"/training-jobs/{a_job['id']}/cancel")
    assert (response.status_code, response.json()["status"]) == (202, "cancelled")
    assert response.headers["etag"] == '"2"'
    assert api.get(f"/training-jobs/{a_job['id']}").json() == response.json()
    again = api.post(f"/training-jobs/{a_job['id']}/cancel")
    assert (again.status_code, again.json()) == (202, response.json())
    assert len(api.events("training-job.cancelled.v1")) == 1


def test_a_job_that_has_ended_otherwise_is_not_cancelled(api, a_job):
    fail(api, a_job)
    response = api.post(f"/training-jobs/{a_job['id']}/cancel")
    assert (response.status_code, response.json()["error_code"]) == (409, "training-job.ended")


def test_a_job_that_came_to_nothing_is_done_over_by_another_with_its_plan(api, a_model, a_dataset):
    body = {"model_id": "churn", "dataset_id": "customers", "hyperparameters": {"n_estimators": 20}, "priority": 5}
    job = api.post("/training-jobs", body).json()
    assert job["priority"] == 5
    fail(api, job)
    response = api.post(f"/training-jobs/{job['id']}/retry", if_match='"3"', x_reason="more memory")
    assert response.status_code == 202
    retry = response.json()
    assert response.headers["location"] == f"/api/v1/training-jobs/{retry['id']}"
    assert (retry["status"], retry["retries"], retry["verifies"]) == ("pending", job["id"], None)
    assert retry["priority"] == 5
    assert retry["hyperparameters"] == {"n_estimators": 20}
    first, second = (each["data"] for each in api.events("training-job.requested.v1"))
    assert second == {**first, "retries": job["id"]}
    assert api.get("/training-jobs", filter=f"retries = '{job['id']}'").json()["items"] == [retry]


def test_a_job_that_goes_on_or_has_completed_is_not_done_over(api, a_job):
    path = f"/training-jobs/{a_job['id']}/retry"
    refused = api.post(path)
    assert (refused.status_code, refused.json()["error_code"]) == (409, "training-job.not-ended")
    complete(api.service.ledger, UUID(a_job["id"]))
    refused = api.post(path)
    assert (refused.status_code, refused.json()["error_code"]) == (409, "training-job.completed")
    assert len(api.events("training-job.requested.v1")) == 1


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_a_job_of_a_retired_model_or_dataset_is_not_done_over(api, a_job, kind):
    fail(api, a_job)
    api.send("DELETE", f"/{kind}s/{a_job[f'{kind}_id']}")
    refused = api.post(f"/training-jobs/{a_job['id']}/retry")
    assert (refused.status_code, refused.json()["error_code"]) == (404, f"{kind}.retired")


@pytest.mark.parametrize("job", ["nothing", "00000000-0000-4000-8000-000000000000"])
def test_a_job_that_never_was_is_not_found(api, job):
    for response in (
        api.get(f"/training-jobs/{job}"),
        api.get(f"/training-jobs/{job}", {"Prefer": "wait=20"}),
        api.post(f"/training-jobs/{job}/cancel"),
        api.post(f"/training-jobs/{job}/retry"),
    ):
        assert (response.status_code, response.json()["error_code"]) == (404, "training-job.not-found")
