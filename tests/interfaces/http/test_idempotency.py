"""The same command under the same key is carried out once, and answered the same for ever."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.http import CSV

MODEL = {"name": "churn", "type": "classification"}


def test_a_command_sent_again_is_answered_as_before_and_carried_out_once(api):
    first = api.post("/models", MODEL, idempotency_key="one")
    again = api.post("/models", MODEL, idempotency_key="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for header in ("location", "etag", "x-event-position", "content-type"):
        assert again.headers[header] == first.headers[header]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert len(api.events("model.registered.v1")) == 1


def test_an_answer_without_body_is_replayed_too(api, a_model):
    first, again = (api.send("DELETE", "/models/churn", idempotency_key="gone") for _ in range(2))
    assert (first.status_code, again.status_code) == (204, 204)
    assert again.headers["idempotent-replayed"] == "true"


def test_another_request_under_the_same_key_is_refused(api, a_model):
    api.send("PATCH", "/models/churn", {"description": "a"}, idempotency_key="one")
    for method, path, body in (
        ("PATCH", "/models/churn", {"description": "b"}),
        ("PATCH", f"/models/{a_model['id']}", {"description": "a"}),
        ("DELETE", "/models/churn", {"description": "a"}),
    ):
        response = api.send(method, path, body, idempotency_key="one")
        assert (response.status_code, response.json()["error_code"]) == (
            422,
            "request.idempotency-key-reused",
        )
        assert response.json()["validation_errors"][0]["field"] == "Idempotency-Key"


def test_a_refusal_is_not_kept(api, a_model):
    assert api.post("/models", MODEL, idempotency_key="one").status_code == 409
    api.send("DELETE", "/models/churn")
    assert api.post("/models", MODEL, idempotency_key="one").status_code == 201


def test_a_command_that_changes_nothing_is_kept_too(api, a_model):
    for replayed in (None, "true"):
        response = api.send("PATCH", "/models/churn", {}, idempotency_key="one")
        assert response.headers.get("idempotent-replayed") == replayed


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "größe".encode()])
def test_a_key_that_cannot_be_one_is_refused(api, key):
    response = api.client.post("/api/v1/models", json=MODEL, headers={"Idempotency-Key": key})
    assert response.status_code == 422
    assert response.json()["validation_errors"][0]["field"] == "Idempotency-Key"
    assert api.events() == []


def test_two_keys_are_no_key(api):
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert api.client.post("/api/v1/models", json=MODEL, headers=headers).status_code == 422


def test_of_the_same_command_sent_at_once_one_is_carried_out(api):
    with ThreadPoolExecutor(8) as threads:
        responses = list(threads.map(lambda _: api.post("/models", MODEL, idempotency_key="one"), range(8)))
    assert {response.status_code for response in responses} == {201}
    assert len({response.content for response in responses}) == 1
    assert len(api.events("model.registered.v1")) == 1


def test_an_upload_sent_again_is_answered_as_before(api):
    first, again = (api.upload(name="customers", headers={"Idempotency-Key": "one"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert api.incoming() == []


def test_of_the_same_upload_sent_at_once_one_is_carried_out(api):
    (api.dataset_root / "others.csv").write_bytes(CSV)

    def send(kind):
        if kind == "upload":
            return api.upload(name="customers", headers={"Idempotency-Key": kind})
        return api.post("/datasets", {"name": "others", "uri": "others.csv"}, idempotency_key=kind)

    with ThreadPoolExecutor(8) as threads:
        responses = list(threads.map(send, ["upload", "uri"] * 5))
    assert {response.status_code for response in responses} == {201}
    assert len({response.content for response in responses}) == 2
    assert len(api.events("dataset.registered.v1")) == 2
    assert api.incoming() == []


def test_another_upload_under_the_same_key_is_refused(api):
    headers = {"Idempotency-Key": "one"}
    api.upload(name="customers", headers=headers)
    for content, name in ((CSV + b"1,bern,y\n", "customers"), (CSV, "others")):
        response = api.upload(content, name=name, headers=headers)
        assert (response.status_code, response.json()["error_code"]) == (
            422,
            "request.idempotency-key-reused",
        )
    assert api.incoming() == []


def test_a_form_sent_again_is_the_same_whatever_its_boundary(api):
    bodies = []
    for boundary in ("one", "two"):
        response = api.client.post(
            "/api/v1/datasets",
            data={"name": "customers"},
            files={"file": ("customers.csv", CSV, "text/csv")},
            headers={"Idempotency-Key": "k", "Content-Type": f"multipart/form-data; boundary={boundary}"},
        )
        assert response.status_code == 201, response.text
        bodies.append(response.content)
    assert bodies[0] == bodies[1]


def test_a_dataset_registered_by_uri_again_is_not_read_again(api):
    (api.dataset_root / "customers.csv").write_bytes(CSV)
    body = {"name": "customers", "uri": "customers.csv"}
    first = api.post("/datasets", body, idempotency_key="one")
    (api.dataset_root / "customers.csv").unlink()
    again = api.post("/datasets", body, idempotency_key="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
