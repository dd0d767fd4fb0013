"""Readers see what they have written, or are told that it cannot be seen yet."""

from concurrent.futures import ThreadPoolExecutor

import pytest


def test_a_command_says_the_position_from_which_on_it_is_seen(api, a_model):
    changed = api.send("PATCH", "/models/churn", {"description": "new"})
    position = changed.headers["x-event-position"]
    read = api.get("/models/churn", {"X-Min-Event-Position": position})
    assert read.json()["description"] == "new"
    assert int(read.headers["x-event-position"]) >= int(position)


def test_a_position_that_is_not_reached_is_not_waited_for_without_end(api, a_model):
    paths = ("/models", "/models/churn", "/models/churn/history", "/events", "/datasets")
    with ThreadPoolExecutor(len(paths)) as threads:
        responses = list(threads.map(lambda path: api.get(path, {"X-Min-Event-Position": "999"}), paths))
    for response in responses:
        assert (response.status_code, response.json()["error_code"]) == (503, "read-model.behind")
        assert response.headers["retry-after"] == "1"
        assert response.json()["details"] == {"wanted": 999, "reached": 2}


@pytest.mark.parametrize("position", ["-1", "x", "1.0", "9" * 25])
def test_a_position_that_is_none_is_refused(api, position):
    response = api.get("/models", {"X-Min-Event-Position": position})
    assert response.status_code == 422
    assert response.json()["validation_errors"][0]["field"] == "X-Min-Event-Position"


def test_a_command_is_a_success_also_when_the_read_models_stand_still(api):
    api.runner.stop()
    response = api.post("/models", {"name": "churn", "type": "regression"})
    assert response.status_code == 201
    assert api.get("/models").json()["items"] == []
    api.runner.start()
    read = api.get("/models/churn", {"X-Min-Event-Position": response.headers["x-event-position"]})
    assert read.status_code == 200


def test_a_head_request_has_the_headers_of_a_get(api, a_model):
    head, get = api.client.head("/api/v1/models/churn"), api.get("/models/churn")
    assert (head.status_code, head.content) == (200, b"")
    for header in ("etag", "content-type", "content-length", "x-event-position"):
        assert head.headers[header] == get.headers[header]
