"""What differs between two moments of a model, or two of its versions."""

from typing import NamedTuple

import pytest

from tests.support.http import served


class Changed(NamedTuple):
    """A model, and the positions before and after it was changed."""

    id: str
    before: int
    after: int


def promote(api, version, **headers):
    response = api.send("PUT", f"/models/churn/versions/{version}/status", {"status": "production"}, **headers)
    assert response.status_code == 200, response.text
    return response.headers["x-event-position"]


def field_of(response):
    assert response.status_code == 422, response.text
    return response.json()["validation_errors"][0]["field"]


def diff(api, **between):
    response = api.get("/models/churn/diff", **{name.rstrip("_"): each for name, each in between.items()})
    assert response.status_code == 200, response.text
    return response.json()


def changed_model(api):
    """Make a model of two versions, the second promoted in the place of the first."""
    model = api.register_model()
    api.add_version(model, auc=0.9)
    api.add_version(model, auc=0.95, f1=0.5)
    promote(api, "1.0.0")
    before = int(api.get("/models/churn").headers["x-event-position"])
    api.send("PATCH", "/models/churn", {"description": "Who leaves.", "metadata": {"team": "growth", "x": None}})
    api.send("PUT", "/models/churn/aliases/champion", {"version": "1.1.0"})
    api.add_version(model)
    promote(api, "1.1.0")
    return Changed(model["id"], before, int(api.get("/models/churn").headers["x-event-position"]))


@pytest.fixture
def a_changed_model(api):
    return changed_model(api)


@pytest.fixture(scope="module")
def asked_api(tmp_path_factory):
    """A service with the model, for all who only ask."""
    with served(tmp_path_factory.mktemp("asked")) as running:
        yield running


@pytest.fixture(scope="module")
def the_model(asked_api):
    return changed_model(asked_api)


def test_between_two_moments_all_that_differs_is_told(asked_api, the_model):
    found = diff(asked_api, from_=the_model.before, to=the_model.after)
    assert (found["between"], found["from"]["position"], found["to"]["position"]) == (
        "moments",
        the_model.before,
        the_model.after,
    )
    assert {each["field"]: (each["change"], each["before"], each["after"]) for each in found["changes"]} == {
        "description": ("added", None, "Who leaves."),
        "metadata.team": ("added", None, "growth"),
        "aliases.champion": ("added", None, "1.1.0"),
        "latest_version": ("changed", "1.1.0", "1.2.0"),
        "production_version": ("changed", "1.0.0", "1.1.0"),
    }
    assert [(each["version"], each["status"]) for each in found["versions_added"]] == [("1.2.0", "staging")]
    assert [(each["version"], each["before"], each["after"]) for each in found["versions_moved"]] == [
        ("1.0.0", "production", "archived"),
        ("1.1.0", "staging", "production"),
    ]
    assert found["is_retired"] is False
    events = asked_api.get("/events", aggregate_id=the_model.id, after=the_model.before).json()["items"]
    assert found["events"] == [each["position"] for each in events]


def test_without_a_later_moment_now_is_meant(asked_api, the_model):
    found = diff(asked_api, from_=the_model.before)
    assert found == diff(asked_api, from_=the_model.before, to=the_model.after)


def test_instants_and_positions_may_be_compared(asked_api, the_model):
    (event,) = [each for each in asked_api.events() if each["position"] == the_model.after]
    assert diff(asked_api, from_="2020-01-01T00:00:00Z", to=event["timestamp"]) == diff(
        asked_api, from_=0, to=the_model.after
    )


def test_before_it_began_a_model_had_nothing(asked_api, the_model):
    found = diff(asked_api, from_=0, to=1)
    assert {each["field"] for each in found["changes"]} >= {"name", "type", "created_at"}
    assert {each["change"] for each in found["changes"]} == {"added"}


def test_between_a_moment_and_itself_nothing_differs(asked_api, the_model):
    found = diff(asked_api, from_=the_model.after, to=the_model.after)
    assert (found["changes"], found["versions_added"], found["versions_moved"], found["events"]) == (
        [],
        [],
        [],
        [],
    )


def test_a_version_that_came_back_to_its_status_is_not_told_to_have_moved(api, a_changed_model):
    promote(api, "1.0.0")
    promote(api, "1.1.0")
    found = diff(api, from_=a_changed_model.after)
    assert found["versions_moved"] == []
    assert len(found["events"]) == 4


def test_a_retired_model_is_compared_by_its_id(api, a_changed_model):
    api.send("DELETE", "/models/churn")
    found = api.get(f"/models/{a_changed_model.id}/diff", **{"from": a_changed_model.after}).json()
    assert found["is_retired"] is True
    assert [each["field"] for each in found["changes"]] == ["retired_at"]
    assert api.get("/models/churn/diff", **{"from": a_changed_model.after}).status_code == 404
    assert diff(api, from_=a_changed_model.before, to=a_changed_model.after)["is_retired"] is False


def test_between_two_versions_only_what_differs_is_told(asked_api, the_model):
    found = diff(asked_api, from_="1.0.0", to="champion")
    assert (found["between"], found["from"]["version"], found["to"]["version"]) == ("versions", "1.0.0", "1.1.0")
    assert {each["field"]: (each["change"], each["before"], each["after"]) for each in found["changes"]} == {
        "status": ("changed", "archived", "production"),
        "metrics.auc": ("changed", 0.9, 0.95),
        "metrics.f1": ("added", None, 0.5),
    }


def test_without_a_second_version_the_one_in_production_is_meant(asked_api, the_model):
    first = asked_api.get("/models/churn/versions/1.0.0").json()
    assert diff(asked_api, from_=first["id"]) == diff(asked_api, from_="1.0.0", to="1.1.0")
    assert diff(asked_api, from_="1.1.0", as_of=the_model.before)["to"]["version"] == "1.0.0"


def test_all_digits_are_a_position_and_no_version(asked_api, the_model):
    assert diff(asked_api, from_="1")["between"] == "moments"


@pytest.mark.parametrize(
    ("between", "field"),
    [
        ({}, "from"),
        ({"from": ""}, "from"),
        ({"from": "9.9.9"}, "from"),
        ({"from": "1.0.0", "to": "nobody"}, "to"),
        ({"from": "2026-01-01"}, "from"),
        ({"from": "2026-01-01T00:00:00"}, "from"),
        ({"from": "1.0.0", "to": "3"}, "to"),
        ({"from": "3", "to": "1.0.0"}, "to"),
        ({"from": "3", "to": ""}, "to"),
        ({"from": "1.0.0", "to": ""}, "to"),
        ({"from": "3", "as_of": ""}, "as_of"),
        ({"from": "5", "to": "2"}, "from"),
        ({"from": "999"}, "from"),
        ({"from": "0", "to": "999"}, "to"),
        ({"from": "0", "to": "2999-01-01T00:00:00Z"}, "to"),
        ({"from": "0", "to": "5", "as_of": "4"}, "to"),
        ({"from": "0", "as_of": "yesterday"}, "as_of"),
    ],
)
def test_what_cannot_be_compared_is_refused(asked_api, the_model, between, field):
    assert field_of(asked_api.get("/models/churn/diff", **between)) == field


def test_what_was_not_there_yet_is_not_found(asked_api, the_model):
    response = asked_api.get("/models/churn/diff", **{"from": 0, "to": 0})
    assert (response.status_code, response.json()["error_code"]) == (404, "model.not-found")
    assert "at position 0" in response.json()["error"]
