"""Whatever can be read can be read as it was, at a position or an instant."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import product
from uuid import UUID

import pytest

from application.views import instant_text
from domain.models import model as models
from tests.support.commands import a_context
from tests.support.http import CSV, served


def at(response):
    assert response.is_success, response.text
    return int(response.headers["x-event-position"])


def problem(response):
    assert response.status_code == 422, response.text
    (found,) = response.json()["validation_errors"]
    return found["field"], found["message"]


def promote(api, version):
    return at(api.send("PUT", f"/models/churn/versions/{version}/status", {"status": "production"}))


EVERYTHING = [
    "/models",
    "/models/churn",
    "/models/churn/versions",
    "/models/churn/versions/1.0.0",
    "/models/churn/versions/1.0.0/lineage",
    "/models/churn/versions/1.0.0/why",
    "/models/churn/history",
    "/models/churn/diff?from=0",
    "/datasets",
    "/datasets/customers",
    "/training-jobs",
    "/training-jobs/{job}",
    "/batch-predictions",
]


@pytest.fixture
def everything(api, a_version, a_dataset, a_job):
    return [path.format(job=a_job["id"]) for path in EVERYTHING]


def test_which_version_was_in_production_at_a_past_moment(api, a_model, a_version):
    api.add_version(a_model)
    moments = {version: promote(api, version) for version in ("1.0.0", "1.1.0")}
    timestamps = {each["position"]: each["timestamp"] for each in api.events()}
    for version, position in moments.items():
        for moment in (position, timestamps[position]):
            found = api.get("/models/churn", as_of=moment)
            assert (found.json()["production_version"], at(found)) == (version, position)
            assert api.get("/models/churn/versions/production", as_of=moment).json()["version"] == version
            listed = api.get("/models/churn/versions", filter="status = 'production'", as_of=moment).json()
            assert [each["version"] for each in listed["items"]] == [version]
            models = api.get("/models", filter=f"production_version = '{version}'", as_of=moment).json()
            assert [each["name"] for each in models["items"]] == ["churn"]


def test_every_answer_is_as_of_the_moment_and_says_its_position(api, everything):
    head = at(api.get("/events"))
    for path in everything:
        now = api.get(path) if "?" not in path else api.client.get(f"/api/v1{path}")
        joint = "&" if "?" in path else "?"
        then = api.client.get(f"/api/v1{path}{joint}as_of={head}")
        assert (then.json(), at(then)) == (now.json(), head), path
    api.send("PATCH", "/models/churn", {"name": "leavers"})
    api.send("DELETE", "/models/leavers")
    api.send("DELETE", "/datasets/customers")
    for path in everything:
        joint = "&" if "?" in path else "?"
        assert at(api.client.get(f"/api/v1{path}{joint}as_of={head}")) == head, path


def test_before_all_began_lists_are_empty_and_nothing_is_found(api, everything):
    for path in everything:
        joint = "&" if "?" in path else "?"
        for moment in ("0", "2020-01-01T00:00:00Z"):
            response = api.client.get(f"/api/v1{path}{joint}as_of={moment}")
            if path in {"/models", "/datasets", "/training-jobs", "/batch-predictions"}:
                assert (response.json()["items"], at(response)) == ([], 0)
            else:
                assert response.status_code == 404, path
                assert "at position 0" in response.json()["error"]


HINTS = {
    "999999": "ends at position",
    "9" * 40: "ends at position",
    "2999-01-01T00:00:00Z": "in the future",
    "2026-01-01": "offset",
    "2026-01-01T00:00:00": "offset",
    "1e5": "all digits",
    "-1": "all digits",
}


def test_a_moment_that_is_none_or_yet_to_come_is_refused_everywhere(api, everything):
    for path, (moment, hint) in product(everything, HINTS.items()):
        joint = "&" if "?" in path else "?"
        field, message = problem(api.client.get(f"/api/v1{path}{joint}as_of={moment}"))
        assert field == "as_of"
        assert hint in message


def test_an_offset_is_understood_also_when_its_plus_was_not_encoded(api, a_model):
    (event,) = api.events("model.registered.v1")
    instant = datetime.fromisoformat(event["timestamp"])
    text = (instant + timedelta(hours=1)).isoformat(timespec="microseconds").replace("+00:00", "+01:00")
    for written in (text, text.replace("+", "%2B"), text.replace("+", "%20")):
        assert api.client.get(f"/api/v1/models/churn?as_of={written}").json() == a_model


def test_where_no_past_can_be_asked_for_the_moment_is_refused(api, a_model):
    for method, path in (("POST", "/models"), ("PATCH", "/models/churn"), ("DELETE", "/models/churn")):
        response = api.client.request(method, f"/api/v1{path}?as_of=1", json={})
        assert "is no parameter here" in problem(response)[1]
    assert problem(api.get("/events", as_of=1))[0] == "as_of"


def test_what_was_retired_is_still_read_as_it_was(api, a_model, a_dataset):
    before = at(api.get("/models"))
    after = [at(api.send("DELETE", path)) for path in ("/models/churn", "/datasets/customers")][-1]
    for name, path, id_ in (
        ("churn", "/models", a_model["id"]),
        ("customers", "/datasets", a_dataset["id"]),
    ):
        assert api.get(f"{path}/{id_}").status_code == 404
        assert api.get(f"{path}/{name}", as_of=before).json()["retired_at"] is None
        assert api.get(f"{path}/{id_}", as_of=after).json()["retired_at"] is not None
        gone = api.get(f"{path}/{name}", as_of=after)
        assert (gone.status_code, f"at position {after}" in gone.json()["error"]) == (404, True)
        assert [each["id"] for each in api.get(path, as_of=before).json()["items"]] == [id_]
        assert api.get(path, as_of=after).json()["items"] == []


def test_a_name_means_who_held_it_then(api, a_model):
    first = at(api.get("/models/churn"))
    api.send("PATCH", "/models/churn", {"name": "old"})
    other = api.register_model("churn")
    assert api.get("/models/churn", as_of=first).json()["id"] == a_model["id"]
    assert api.get("/models/churn/history", as_of=first).json()["items"][0]["aggregate_id"] == a_model["id"]
    assert api.get("/models/churn").json()["id"] == other["id"]
    assert api.get("/models/old", as_of=first).status_code == 404


def test_a_tag_is_that_of_the_version_as_it_was(api, a_model):
    before = at(api.get("/models/churn"))
    api.send("PATCH", "/models/churn", {"description": "new"})
    then, now = api.get("/models/churn", as_of=before), api.get("/models/churn")
    assert (then.headers["etag"], now.headers["etag"]) == ('"1"', '"2"')
    for path in ("/models/churn", "/models/churn/history", "/models/churn/versions"):
        for moment, tag, status in ((before, '"1"', 304), (before, '"2"', 200), (before + 1, '"2"', 304)):
            response = api.get(path, {"If-None-Match": tag}, as_of=moment)
            assert (response.status_code, response.headers["x-event-position"]) == (status, str(moment)), path


def test_pages_belong_to_the_moment_of_the_first(api):
    for name in "abc":
        api.register_model(name)
    moment = at(api.get("/models"))
    (event,) = [each for each in api.events() if each["position"] == moment]
    api.register_model("d")
    for as_of in (moment, event["timestamp"]):
        first = api.get("/models", page_size=2, as_of=as_of)
        token = first.json()["next_page_token"]
        rest = api.get("/models", page_size=2, page_token=token, as_of=as_of)
        assert [each["name"] for each in rest.json()["items"]] == ["c"]
        assert (at(rest), rest.json()["next_page_token"]) == (moment, None)
        for other in ({}, {"as_of": moment - 1}, {"as_of": "2020-01-01T00:00:00Z"}):
            assert problem(api.get("/models", page_size=2, page_token=token, **other))[0] == "page_token"


def test_a_job_is_read_as_it_was_and_never_waited_for(api, a_job):
    before = at(api.get("/training-jobs"))
    api.post(f"/training-jobs/{a_job['id']}/cancel")
    then = api.get(f"/training-jobs/{a_job['id']}", {"Prefer": "wait=30"}, as_of=before)
    assert then.json() == a_job
    assert "preference-applied" not in then.headers
    pending = {"filter": "status = 'pending'"}
    assert [each["id"] for each in api.get("/training-jobs", as_of=before, **pending).json()["items"]] == [
        a_job["id"]
    ]
    assert api.get("/training-jobs", **pending).json()["items"] == []


def test_a_moment_that_cannot_be_read_yet_is_not_waited_for_without_end(api, a_model):
    api.runner.stop()
    ahead = at(api.post("/models", {"name": "other", "type": "regression"}))
    moments = (ahead, api.events()[-1]["timestamp"])
    with ThreadPoolExecutor(len(moments)) as threads:
        responses = list(threads.map(lambda moment: api.get("/models", as_of=moment), moments))
    for response in responses:
        assert (response.status_code, response.json()["error_code"]) == (503, "read-model.behind")
        assert response.headers["retry-after"] == "1"
    assert len(api.get("/models", as_of=ahead - 2).json()["items"]) == 1
    api.runner.start()
    assert len(api.get("/models", as_of=ahead).json()["items"]) == 2


def test_an_empty_moment_is_not_taken_for_now(api, everything):
    for path in everything:
        joint = "&" if "?" in path else "?"
        assert problem(api.client.get(f"/api/v1{path}{joint}as_of="))[0] == "as_of"


def test_an_instant_that_is_just_over_is_answered_with_what_was_decided_by_then_and_stored_after(tmp_path):
    with served(tmp_path, settled_s=2.5) as api, ThreadPoolExecutor() as threads:
        model = api.register_model()
        decided = models.describe(
            api.service.ledger.model(UUID(model["id"])),
            description="decided before, stored after",
            metadata={},
            by=a_context().provenance.model_copy(update={"timestamp": api.service.clock.now()}),
        )
        instant = instant_text(api.service.clock.now())
        asked = threads.submit(api.get, "/models/churn", as_of=instant)
        compared = threads.submit(api.get, "/models/churn/diff", **{"from": 0, "to": instant})
        position = api.service.ledger.commit(decided)
        first = asked.result()
        assert (first.json()["description"], at(first)) == ("decided before, stored after", position)
        assert compared.result().json()["to"] == {"position": position, "version": None, "version_id": None}
        assert at(api.get("/models/churn", as_of=instant)) == position


def test_a_dataset_is_read_as_of_its_upload(api, a_dataset):
    before = at(api.get("/datasets"))
    api.upload(CSV + b"1,bern,y\n", name="more", target="churned")
    assert [each["name"] for each in api.get("/datasets", as_of=before).json()["items"]] == ["customers"]
    large = api.get("/datasets", as_of=before, filter="rows > 40").json()["items"]
    assert large == []
