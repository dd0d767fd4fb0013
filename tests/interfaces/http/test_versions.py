"""Versions and aliases over HTTP, and what becomes of predictions when a version is promoted."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.processes import eventually

INSTANCE = {"age": 40, "city": "Basel"}


def promote(api, version, **headers):
    return api.send("PUT", f"/models/churn/versions/{version}/status", {"status": "production"}, **headers)


def test_a_version_is_found_by_number_id_alias_and_as_the_one_in_production(api, a_model, a_version):
    api.send("PUT", "/models/churn/aliases/champion", {"version": "1.0.0"})
    promote(api, "champion")
    found = [
        api.get(f"/models/churn/versions/{reference}")
        for reference in ("1.0.0", a_version["id"], a_version["id"].upper(), "champion", "production")
    ]
    assert {response.status_code for response in found} == {200}
    assert {response.json()["id"] for response in found} == {a_version["id"]}
    assert {response.headers["etag"] for response in found} == {'"4"'}
    assert found[0].json()["aliases"] == ["champion"]


@pytest.mark.parametrize("reference", ["9.9.9", "production", "nobody", "00000000-0000-4000-8000-000000000000"])
def test_a_version_that_is_not_there_is_not_found(api, a_version, reference):
    for response in (
        api.get(f"/models/churn/versions/{reference}"),
        api.send("PUT", f"/models/churn/versions/{reference}/status", {"status": "archived"}),
    ):
        assert (response.status_code, response.json()["error_code"]) == (404, "model.version-not-found")


def test_a_promotion_archives_the_version_before_it(api, a_model, a_version):
    api.add_version(a_model)
    assert promote(api, "1.0.0").json()["status"] == "production"
    second = promote(api, "1.1.0")
    assert second.status_code == 200
    statuses = {each["version"]: each["status"] for each in api.get("/models/churn/versions").json()["items"]}
    assert statuses == {"1.0.0": "archived", "1.1.0": "production"}
    assert api.get("/models/churn").json()["production_version"] == "1.1.0"
    assert second.headers["etag"] == api.get("/models/churn").headers["etag"]


def test_the_status_that_a_version_has_already_is_answered_and_no_event(api, a_version):
    promote(api, "1.0.0")
    again = promote(api, "1.0.0")
    assert (again.status_code, again.json()["status"]) == (200, "production")
    assert len(api.events("model.version-status-changed.v1")) == 1


def test_a_move_that_a_status_does_not_allow_is_refused(api, a_version):
    response = api.send("PUT", "/models/churn/versions/1.0.0/status", {"status": "deprecated"})
    assert (response.status_code, response.json()["error_code"]) == (409, "model.status-move-refused")
    assert response.json()["details"]["allowed"] == ["archived", "production"]


def test_of_concurrent_promotions_decided_on_one_version_one_wins(api, a_model, a_version):
    numbers = [a_version["version"], *(api.add_version(a_model)["version"] for _ in range(7))]
    etag = api.get("/models/churn").headers["etag"]
    with ThreadPoolExecutor(len(numbers)) as threads:
        responses = list(threads.map(lambda number: promote(api, number, if_match=etag), numbers))
    assert [response.status_code for response in responses].count(200) == 1
    assert {response.status_code for response in responses} <= {200, 409, 412}
    statuses = [each["status"] for each in api.get("/models/churn/versions").json()["items"]]
    assert statuses.count("production") == 1


def test_the_promoted_version_is_loaded_before_the_promotion_is_answered(api, a_version):
    promote(api, "1.0.0")
    assert api.loader.loads == {"artifact:one": 1}
    answer = api.post("/inference", {"model_id": "churn", "features": INSTANCE})
    assert (answer.status_code, answer.json()["version"]) == (200, "1.0.0")
    assert api.loader.loads == {"artifact:one": 1}


def test_the_prediction_after_a_promotion_is_the_promoted_versions(api, a_model, a_version):
    api.add_version(a_model, artifact_url="artifact:two")
    for number in ("1.0.0", "1.1.0", "1.0.0"):
        promote(api, number)
        answer = api.post("/inference", {"model_id": a_model["id"], "features": INSTANCE})
        assert answer.json()["version"] == number


def test_a_promotion_is_answered_once_its_version_is_and_until_then_the_one_before_goes_on(
    api, a_model, a_version, monkeypatch
):
    monkeypatch.setattr("application.inference.serving.READY_WITHIN_S", 0.001)
    asked, serving = {"model_id": "churn", "features": INSTANCE}, api.service.serving
    may_go_on = threading.Event()
    api.loader.before_load = lambda url: may_go_on.wait() if url == "artifact:two" else None
    promote(api, "1.0.0")
    api.post("/inference", asked)
    api.add_version(a_model, artifact_url="artifact:two")
    with ThreadPoolExecutor(1) as thread:
        promoting = thread.submit(promote, api, "1.1.0")
        assert eventually(lambda: serving.swapping(a_model["id"], position=api.service.ledger.head()) is not None)
        assert api.post("/inference", asked).json()["version"] == "1.0.0"
        may_go_on.set()
        assert promoting.result().status_code == 200
    assert api.post("/inference", asked).json()["version"] == "1.1.0"
    assert api.loader.loads == {"artifact:one": 1, "artifact:two": 1}


def test_a_promotion_whose_version_takes_long_is_answered_all_the_same(api, a_model, a_version, monkeypatch):
    monkeypatch.setattr("application.inference.serving.READY_WITHIN_S", 0.001)
    monkeypatch.setattr("interfaces.http.commands.READABLE_WITHIN_S", 0.2)
    asked = {"model_id": "churn", "features": INSTANCE}
    may_go_on = threading.Event()
    api.loader.before_load = lambda url: may_go_on.wait() if url == "artifact:two" else None
    promote(api, "1.0.0")
    api.post("/inference", asked)
    api.add_version(a_model, artifact_url="artifact:two")
    promoted = promote(api, "1.1.0")
    assert (promoted.status_code, promoted.json()["status"]) == (200, "production")
    assert api.post("/inference", asked).json()["version"] == "1.0.0"
    may_go_on.set()
    position = {"x_min_event_position": promoted.headers["x-event-position"]}
    assert api.post("/inference", asked, **position).json()["version"] == "1.1.0"


def test_a_version_that_cannot_be_loaded_is_not_promoted(api, a_model, a_version):
    promote(api, "1.0.0")
    api.add_version(a_model, artifact_url="artifact:missing")
    refused = promote(api, "1.1.0")
    assert (refused.status_code, refused.json()["error_code"]) == (409, "inference.not-servable")
    assert "artifact:missing" in refused.json()["error"]
    assert api.get("/models/churn").json()["production_version"] == "1.0.0"


@pytest.mark.parametrize("artifact_url", [None, "s3://elsewhere/model.onnx"])
def test_a_version_that_is_served_elsewhere_is_promoted_all_the_same(api, a_model, artifact_url):
    api.add_version(a_model, artifact_url=artifact_url)
    assert promote(api, "1.0.0").status_code == 200
    answer = api.post("/inference", {"model_id": "churn", "features": INSTANCE})
    assert (answer.status_code, answer.json()["error_code"]) == (409, "inference.not-servable")


def test_an_alias_that_requests_use_is_not_moved_to_a_version_that_cannot_be_loaded(api, a_model, a_version):
    path = "/models/churn/aliases/canary"
    api.add_version(a_model, artifact_url="artifact:missing")
    api.send("PUT", path, {"version": "1.0.0"})
    asked = {"model_id": "churn", "version": "canary", "features": INSTANCE}
    assert api.post("/inference", asked).json()["version"] == "1.0.0"
    refused = api.send("PUT", path, {"version": "1.1.0"})
    assert (refused.status_code, refused.json()["error_code"]) == (409, "inference.not-servable")
    assert api.post("/inference", asked).json()["version"] == "1.0.0"


def test_an_alias_points_to_the_version_that_was_assigned_last(api, a_model, a_version):
    api.add_version(a_model)
    path = "/models/churn/aliases/größe"
    for number in ("1.0.0", "1.1.0"):
        response = api.send("PUT", path, {"version": number})
        assert (response.status_code, response.json()["version"]) == (200, number)
        assert response.json()["alias"] == "größe"
    assert api.get("/models/churn").json()["aliases"] == {"größe": "1.1.0"}
    removed = api.send("DELETE", path)
    assert (removed.status_code, removed.headers["etag"]) == (204, '"6"')
    assert api.send("DELETE", path).json()["error_code"] == "model.alias-not-found"


@pytest.mark.parametrize("alias", ["production", "1.0.0", "v2", "a:b"])
def test_an_alias_that_could_be_taken_for_something_else_is_refused(api, a_version, alias):
    response = api.send("PUT", f"/models/churn/aliases/{alias}", {"version": "1.0.0"})
    assert response.status_code == 422
    assert response.json()["validation_errors"][0]["field"] == "alias"


def test_an_alias_for_a_version_that_is_not_there_is_refused_with_the_field(api, a_version):
    response = api.send("PUT", "/models/churn/aliases/best", {"version": "9.9.9"})
    assert response.status_code == 422
    assert response.json()["validation_errors"][0]["field"] == "version"
    assert response.json()["validation_errors"][0]["value"] == "9.9.9"
