"""`If-Match` and `If-None-Match`: nobody overwrites what they have not seen, nobody reads twice what they have."""

import pytest


def rename(api, **headers):
    return api.send("PATCH", "/models/churn", {"name": "attrition"}, **headers)


@pytest.mark.parametrize("if_match", ['"1"', "*", '"7", "1"', 'W/"1", "1"', ', "1" ,', '"other","1"'])
def test_a_change_decided_on_the_current_version_is_made(api, a_model, if_match):
    assert rename(api, if_match=if_match).status_code == 200


@pytest.mark.parametrize("if_match", ['"2"', 'W/"1"', '"one"', '"01"', '""', '"2", "3"', '"' + "9" * 40 + '"'])
def test_a_change_decided_on_another_version_is_refused(api, a_model, if_match):
    response = rename(api, if_match=if_match)
    assert (response.status_code, response.json()["error_code"]) == (412, "request.stale-version")
    assert api.get("/models/churn").status_code == 200


@pytest.mark.parametrize("if_match", ["", ",", "1", '"1', '1"', '"1" "2"', "w/1", '"1", 2', '"a b"'])
def test_a_condition_that_cannot_be_read_is_refused(api, a_model, if_match):
    response = rename(api, if_match=if_match)
    assert (response.status_code, response.json()["error_code"]) == (400, "request.malformed-header")


def test_every_change_honours_the_condition(api, a_version, a_job):
    changes = [
        ("PATCH", "/models/churn", {"description": "new"}),
        ("PUT", "/models/churn/versions/1.0.0/status", {"status": "production"}),
        ("PUT", "/models/churn/aliases/best", {"version": "1.0.0"}),
        ("DELETE", "/models/churn/aliases/best", None),
        ("DELETE", "/models/churn", None),
        ("DELETE", "/datasets/customers", None),
        ("POST", f"/training-jobs/{a_job['id']}/cancel", None),
    ]
    api.send("PUT", "/models/churn/aliases/best", {"version": "1.0.0"})
    for method, path, body in changes:
        assert api.send(method, path, body, if_match='"99"').status_code == 412, path
    assert api.get("/models/churn").headers["etag"] == '"3"'


@pytest.mark.parametrize("path", ["/models", "/training-jobs", "/datasets"])
def test_what_is_made_has_no_version_to_be_decided_on(empty_api, path):
    body = {"name": "a", "type": "regression"}
    if path != "/models":
        body = {"model_id": "a", "dataset_id": "b"} if path == "/training-jobs" else {"name": "a", "uri": "a.csv"}
    assert empty_api.post(path, body, if_match='"1"').status_code == 412


def test_what_the_reader_has_is_not_sent_again(api, a_version, a_dataset, a_job):
    for path in (
        "/models/churn",
        "/models/churn/versions",
        "/models/churn/versions/1.0.0",
        "/models/churn/history",
        "/datasets/customers",
        f"/training-jobs/{a_job['id']}",
    ):
        first = api.get(path)
        for tag in (first.headers["etag"], f"W/{first.headers['etag']}", f'"0", {first.headers["etag"]}', "*"):
            again = api.get(path, {"If-None-Match": tag})
            assert (again.status_code, again.content) == (304, b""), path
            assert again.headers["etag"] == first.headers["etag"]
        assert api.get(path, {"If-None-Match": '"99"'}).status_code == 200


def test_below_a_model_the_tag_is_the_models(api, a_version):
    paths = ("/models/churn", "/models/churn/versions", "/models/churn/versions/1.0.0", "/models/churn/history")
    assert {api.get(path).headers["etag"] for path in paths} == {'"2"'}
