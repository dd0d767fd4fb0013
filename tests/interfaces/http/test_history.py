"""What happened to a model: by type and actor, page by page, as of any moment."""

import pytest


def items(api, **parameters):
    response = api.get("/models/churn/history", **parameters)
    assert response.status_code == 200, response.text
    return response.json()["items"]


@pytest.fixture
def a_history(api, a_model, a_version):
    """Registered by ann, two versions by ada, everything else by nobody in particular."""
    api.add_version(a_model)
    for version in ("1.0.0", "1.1.0"):
        api.send("PUT", f"/models/churn/versions/{version}/status", {"status": "production"}, x_reason="better")
    return items(api)


def test_a_history_is_narrowed_by_types(api, a_history):
    assert [each["aggregate_version"] for each in a_history] == [1, 2, 3, 4, 5, 6]
    for types in ("model.registered.v1", "model.version-registered.v1, model.version-status-changed.v1", "no.v1"):
        wanted = [each for each in a_history if each["type"] in types]
        assert items(api, type=types) == wanted
        assert api.get("/events", type=types).json()["items"] == wanted


def test_a_history_is_narrowed_by_actor(api, a_history):
    actors = {each["actor"] for each in a_history}
    assert len(actors) == 2
    for actor in (*actors, "nobody"):
        assert items(api, actor=actor) == [each for each in a_history if each["actor"] == actor]


def test_who_when_why_and_because_of_what_is_told(api, a_history):
    archived, promoted = a_history[-2:]
    assert (archived["reason"], promoted["reason"]) == ("better", "better")
    assert archived["command_id"] == promoted["command_id"]
    assert archived["correlation_id"] == promoted["correlation_id"]
    assert (promoted["causation_id"], promoted["actor"]) == (None, "anonymous")


def test_pages_of_a_history_end_where_it_ended_at_the_first(api, a_history):
    found, token = [], None
    while True:
        page = api.get("/models/churn/history", page_size=2, **({"page_token": token} if token else {})).json()
        found += page["items"]
        token = page["next_page_token"]
        if token is None:
            break
        api.send("PATCH", "/models/churn", {"description": f"after {len(found)}"})
    assert found == a_history


def test_a_page_that_ends_with_the_history_is_the_last(api, a_history):
    page = api.get("/models/churn/history", page_size=6).json()
    assert (len(page["items"]), page["next_page_token"]) == (6, None)


def test_a_history_as_of_a_moment_ends_there(api, a_history):
    moment = a_history[2]["position"]
    assert items(api, as_of=moment) == a_history[:3]
    assert items(api, as_of=a_history[3]["timestamp"]) == a_history[:4]


def test_a_token_belongs_to_what_was_asked(api, a_history):
    asked = {"page_size": 1, "type": "model.version-registered.v1"}
    token = api.get("/models/churn/history", **asked).json()["next_page_token"]
    assert len(items(api, page_token=token, **asked)) == 1
    for other in ({"page_size": 1}, {**asked, "actor": "ada"}, {**asked, "as_of": 3}):
        response = api.get("/models/churn/history", page_token=token, **other)
        assert response.json()["validation_errors"][0]["field"] == "page_token"


@pytest.mark.parametrize("types", [",", "a,,b", ",".join("abc" * 50)])
def test_types_that_name_nothing_are_refused(api, a_history, types):
    for path in ("/models/churn/history", "/events"):
        response = api.get(path, type=types)
        assert response.status_code == 422
        assert response.json()["validation_errors"][0]["field"] == "type"
