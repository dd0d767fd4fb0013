"""Versions are trained again over HTTP, and what came of it is found wherever a version is told of."""

from uuid import UUID

import pytest

from domain.models.values import Difference, Reproduction
from tests.support.events import TRAINED
from tests.support.trainings import attempts_of, trained_version

OTHER_LIBRARY = Difference(what="environment.lightgbm", expected="4.6.0", actual="4.7.0")
OTHER_TREES = Difference(what="parts.trees", expected="ab", actual="cd")


def verify(api, version="1.0.0", **headers):
    return api.post(f"/models/churn/versions/{version}/verify", **headers)


def verified(api, *differences, reproduced=True):
    """Ask for a verification, let it end as a worker would, and return its job."""
    job = verify(api).json()
    attempts = attempts_of(api.service.ledger)
    attempt = attempts.start(UUID(job["id"])).attempt
    reproduction = Reproduction(reproduced=reproduced, differences=differences)
    attempts.verify(UUID(job["id"]), attempt, TRAINED, reproduction)
    assert api.runner.wait_for(api.service.ledger.head(), 10)
    return api.get(f"/training-jobs/{job['id']}").json()


@pytest.fixture
def a_trained_version(api, a_model, a_dataset):
    return trained_version(api, hyperparameters={"n_estimators": 20})


def test_a_version_is_trained_again_by_a_job_with_the_plan_that_it_came_from(api, a_trained_version):
    response = verify(api, x_reason="audit")
    assert response.status_code == 202
    job = response.json()
    assert response.headers["location"] == f"/api/v1/training-jobs/{job['id']}"
    assert (job["status"], job["verifies"]) == ("pending", a_trained_version["id"])
    first, second = api.events("training-job.requested.v1")
    assert second["data"] == {**first["data"], "verifies": a_trained_version["id"]}
    assert second["reason"] == "audit"
    assert verify(api, version="nothing").json()["error_code"] == "model.version-not-found"


def test_libraries_that_are_others_now_are_told_before_a_training_is_spent(api, a_trained_version):
    job = verify(api).json()
    differing = [{"what": "environment.lightgbm", "expected": "4.6.0", "actual": "4.7.0"}]
    assert job.pop("environment_differences") == differing
    assert api.get(f"/training-jobs/{job['id']}").json() == job


def test_the_newest_verification_is_shown_with_the_version(api, a_trained_version):
    assert a_trained_version["verification"] is None
    verified(api, OTHER_TREES, reproduced=False)
    job = verified(api, OTHER_LIBRARY)
    assert (job["status"], job["resulting_version_id"]) == ("completed", a_trained_version["id"])
    version = api.get("/models/churn/versions/1.0.0").json()
    assert version["verification"] == {
        "reproduced": True,
        "differences": [{"what": "environment.lightgbm", "expected": "4.6.0", "actual": "4.7.0"}],
        "training_job_id": job["id"],
        "verified_at": job["finished_at"],
    }
    assert {**version, "verification": None} == a_trained_version
    assert api.get("/models/churn").json()["latest_version"] == "1.0.0"
    moved = api.send("PUT", "/models/churn/versions/1.0.0/status", {"status": "archived"}).json()
    assert moved["verification"] == version["verification"]
    for condition, found in (("= true", [moved]), ("= false", [])):
        asked = api.get("/models/churn/versions", filter=f"verification.reproduced {condition}")
        assert asked.json()["items"] == found


def test_lineage_and_the_chain_of_causes_tell_of_the_newest_verification(api, a_trained_version):
    def told(what):
        return api.get(f"/models/churn/versions/1.0.0/{what}").json()

    assert told("lineage")["verification"] is None
    verified(api, OTHER_TREES, reproduced=False)
    link = told("why")["chain"][-1]
    assert link["step"] == "verified"
    assert link["sentence"].endswith("again, and it came out otherwise: parts.trees differed.")
    job = verified(api, OTHER_LIBRARY)
    api.send("PUT", "/models/churn/versions/1.0.0/status", {"status": "archived"})
    verification = told("lineage")["verification"]
    (*_, event) = api.events("model.version-verified.v1")
    assert verification["verified"] == {name: value for name, value in event.items() if name != "data"}
    assert (verification["reproduced"], verification["training_job_id"]) == (True, job["id"])
    *_, link, move = told("why")["chain"]
    assert (link["step"], move["step"]) == ("verified", "moved")
    assert link["sentence"].endswith("came out the same, bit for bit, though environment.lightgbm differed.")


def test_a_version_that_was_trained_elsewhere_is_not_trained_again(api, a_version):
    refused = verify(api)
    assert (refused.status_code, refused.json()["error_code"]) == (409, "model.version-trained-elsewhere")
    assert api.events("training-job.requested.v1") == []


def test_a_failed_verification_is_done_over_as_one(api, a_trained_version):
    job = verify(api).json()
    attempts = attempts_of(api.service.ledger)
    attempts.fail(
        UUID(job["id"]),
        attempts.start(UUID(job["id"])).attempt,
        code="training.dataset-unavailable",
        error="Gone.",
    )
    retry = api.post(f"/training-jobs/{job['id']}/retry").json()
    assert (retry["verifies"], retry["retries"]) == (a_trained_version["id"], job["id"])
