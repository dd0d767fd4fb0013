"""Every exchange has an id; what is not served, too large, no JSON or of another type is refused as such."""

import sqlite3
from contextlib import closing
from urllib.parse import quote

import pytest

from interfaces.http.bodies import JSON_BODY_MAX_BYTES
from tests.support.http import served

JSON = {"Content-Type": "application/json"}


def error_of(response):
    body = response.json()
    assert body["status"] == response.status_code
    assert body["request_id"] == response.headers["x-request-id"]
    return response.status_code, body["error_code"]


def test_the_id_that_the_sender_chose_is_returned_and_kept_in_every_event(api):
    response = api.post("/models", {"name": "churn", "type": "regression"}, x_request_id="my:id/1")
    assert response.headers.get_list("x-request-id") == ["my:id/1"]
    assert {each["correlation_id"] for each in api.events()} == {"my:id/1"}


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "größe".encode()])
def test_an_id_that_cannot_be_one_is_replaced(empty_api, given):
    response = empty_api.client.get("/api/v1/models", headers={"X-Request-ID": given})
    assert len(response.headers["x-request-id"]) == 32
    assert response.headers["x-request-id"] != empty_api.get("/models").headers["x-request-id"]


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/api/v1/models/",
        "/api/v1/training-jobs/x/log",
        "/api/v1/healthy",
        "/healthy",
        "/v3",
        "/api/v1/models/a/b/c/d",
    ],
)
def test_what_is_not_served_is_not_found(empty_api, path):
    assert error_of(empty_api.client.get(path)) == (404, "request.no-such-path")


def test_a_method_that_is_not_served_is_answered_with_those_that_are(empty_api):
    response = empty_api.send("PUT", "/models/churn")
    assert error_of(response) == (405, "request.method-not-allowed")
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "PATCH", "DELETE"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'name': 1}",
        b'{"a": NaN}',
        b"\xff",
        b'"\\ud800"',
        b"[" * 100_000,
        b'{"a":' * 300 + b"1" + b"}" * 300,
    ],
)
def test_a_body_that_is_no_json_is_refused(empty_api, body):
    for method, path in (("POST", "/models"), ("PATCH", "/models/churn"), ("POST", "/datasets")):
        response = empty_api.client.request(method, f"/api/v1{path}", content=body, headers=JSON)
        assert error_of(response) == (400, "request.not-json")


def test_a_body_that_is_not_utf_8_is_told_from_one_that_is_no_json(empty_api):
    for body in ('{"name": "größe"}'.encode("latin-1"), '{"name": "a"}'.encode("utf-16")):
        response = empty_api.client.post("/api/v1/models", content=body, headers=JSON)
        assert error_of(response) == (400, "request.not-json")
        assert "UTF-8" in response.json()["error"]


@pytest.mark.parametrize("content_type", ["application/json", "APPLICATION/JSON; charset=utf-8"])
def test_a_json_body_says_so(api, content_type):
    body = b'{"name": "churn", "type": "regression"}'
    headers = {"Content-Type": content_type}
    assert api.client.post("/api/v1/models", content=body, headers=headers).status_code == 201


@pytest.mark.parametrize("content", [b'{"name": "churn", "type": "regression"}', iter([b"{}"])])
@pytest.mark.parametrize("path", ["/models", "/training-jobs", "/datasets", "/datasets?name=a"])
def test_a_body_that_does_not_say_what_it_is_is_refused(empty_api, path, content):
    response = empty_api.client.post(f"/api/v1{path}", content=content)
    assert error_of(response) == (415, "request.unsupported-media-type")
    assert "Content-Type is missing" in response.json()["error"]


@pytest.mark.parametrize(
    "path", ["/models?filter=name=%27%ff%27", "/models/%ff", "/models?%ff=1", "/models?filter=%c3", "/%80"]
)
def test_a_url_that_is_no_text_is_refused(empty_api, path):
    assert error_of(empty_api.client.get(f"/api/v1{path}")) == (400, "request.malformed-url")


@pytest.mark.parametrize("path", ["/models", "/training-jobs", "/datasets"])
def test_a_body_that_says_it_is_something_else_is_refused(empty_api, path):
    response = empty_api.client.post(f"/api/v1{path}", content=b"{}", headers={"Content-Type": "text/plain"})
    assert error_of(response) == (415, "request.unsupported-media-type")
    assert "application/json" in response.headers["accept"]


def test_a_body_that_is_too_large_is_refused(empty_api):
    def stream():
        for _ in range(JSON_BODY_MAX_BYTES // 1024 + 1):
            yield b" " * 1024

    for content in (b" " * (JSON_BODY_MAX_BYTES + 1), stream()):
        response = empty_api.client.post("/api/v1/models", content=content, headers=JSON)
        assert error_of(response) == (413, "request.too-large")


@pytest.mark.parametrize("host", ["[", "a b", "größe".encode(), "x" * 10_000])
def test_a_senders_idea_of_the_host_changes_nothing(api, host):
    headers = {"Host": host, "Idempotency-Key": "one"}
    body = {"name": "churn", "type": "regression"}
    assert api.client.post("/api/v1/models", json=body, headers=headers).status_code == 201
    assert error_of(api.client.get("/nothing", headers=headers))[0] == 404


def test_a_reason_is_kept_in_the_commands_events(api, a_model):
    for reason in ("because", quote("weil größer"), b"100%", "größer".encode()):
        api.client.patch("/api/v1/models/churn", json={"description": repr(reason)}, headers={"X-Reason": reason})
    reasons = [each["reason"] for each in api.events("model.described.v1")]
    assert reasons == ["because", "weil größer", "100%", "größer"]
    assert {each["actor"] for each in api.events()} == {"anonymous"}


@pytest.mark.parametrize("reason", ["x" * 1_001, "a%00b", "a%0ab", "%ff", b"\xff"])
def test_a_reason_that_cannot_be_kept_is_refused(empty_api, reason):
    response = empty_api.client.post(
        "/api/v1/models", json={"name": "churn", "type": "regression"}, headers={"X-Reason": reason}
    )
    assert error_of(response) == (422, "request.invalid")
    assert response.json()["validation_errors"][0]["field"] == "X-Reason"


def test_a_store_that_others_have_locked_says_so_and_when_to_ask_again(tmp_path):
    with served(tmp_path, lock_timeout_s=1) as api:
        api.register_model()
        with closing(sqlite3.connect(tmp_path / "events.sqlite")) as other:
            other.execute("BEGIN IMMEDIATE")
            response = api.send("PATCH", "/models/churn", {"description": "new"})
            assert error_of(response) == (503, "event-store.unavailable")
            assert response.headers["retry-after"] == "1"
            assert api.get("/models/churn").status_code == 200
        assert api.send("PATCH", "/models/churn", {"description": "new"}).status_code == 200


def test_predictions_are_served_beside_the_router(empty_api):
    response = empty_api.post("/inference", {"model_id": "nothing", "features": {}})
    assert error_of(response) == (404, "model.not-found")
    assert error_of(empty_api.get("/inference")) == (405, "request.method-not-allowed")
