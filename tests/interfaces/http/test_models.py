"""Models over HTTP: registered, read by id or name, changed by merge patch, retired."""

from urllib.parse import quote
from uuid import UUID

import pytest


def problems_of(response):
    assert response.status_code == 422, response.text
    return {each["field"]: each["message"] for each in response.json()["validation_errors"]}


def test_a_registered_model_is_found_at_its_location_by_id_and_by_name(api):
    created = api.post("/models", {"name": "churn", "type": "classification", "metadata": {"team": "growth"}})
    assert created.status_code == 201
    model = created.json()
    assert created.headers["location"] == f"/api/v1/models/{model['id']}"
    assert created.headers["etag"] == '"1"'
    for response in (api.client.get(created.headers["location"]), api.get("/models/churn")):
        assert response.status_code == 200
        assert response.json() == model
        assert response.headers["etag"] == '"1"'
    assert model["name"] == "churn"
    assert model["metadata"] == {"team": "growth"}
    assert model["description"] is model["latest_version"] is None


@pytest.mark.parametrize("name", ["größe 1", "何時", "a?b#c", "100%", "a+b", ".hidden", "é\u0301"])
def test_any_name_that_is_allowed_can_stand_in_a_path(api, name):
    model = api.register_model(name)
    assert api.get(f"/models/{quote(name)}").json() == model


def test_a_name_is_given_once(api, a_model):
    again = api.post("/models", {"name": "churn", "type": "regression"})
    assert again.status_code == 409
    assert again.json()["error_code"] == "model.name-taken"
    assert again.json()["details"]["id"] == a_model["id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": 7, "type": "regression"}, "name"),
        ({"name": None, "type": "regression"}, "name"),
        ({"name": "", "type": "regression"}, "name"),
        ({"name": "a/b", "type": "regression"}, "name"),
        ({"name": "x" * 256, "type": "regression"}, "name"),
        ({"name": str(UUID(int=7)), "type": "regression"}, "name"),
        ({"name": "a", "type": "guessing"}, "type"),
        ({"name": "a", "type": "regression", "descripton": "typo"}, "descripton"),
        ({"name": "a", "type": "regression", "metadata": {"a": "x" * 300_000}}, "description"),
        ({"name": "a", "type": "regression", "metadata": {"a": 2**70}}, "metadata.a"),
        ([], "body"),
        ("text", "body"),
    ],
)
def test_a_model_that_cannot_be_is_refused_with_the_field(empty_api, body, field):
    assert field in problems_of(empty_api.post("/models", body))
    assert empty_api.events() == []


def test_an_unknown_field_is_told_with_the_one_that_was_meant(empty_api):
    body = {"name": "a", "type": "regression", "descripton": "typo"}
    assert "'description'" in problems_of(empty_api.post("/models", body))["descripton"]


def test_a_merge_patch_changes_what_it_names_and_nothing_else(api):
    model = api.register_model(description="old", metadata={"a": 1, "b": {"c": 2, "d": 3}})
    patch = {"description": "new", "metadata": {"a": None, "b": {"c": 4}}}
    changed = api.send("PATCH", "/models/churn", patch, content_type="application/merge-patch+json")
    assert changed.status_code == 200
    assert changed.headers["etag"] == '"2"'
    assert changed.json()["metadata"] == {"b": {"c": 4, "d": 3}}
    assert changed.json()["description"] == "new"
    assert changed.json()["name"] == model["name"]
    assert api.get("/models/churn").json() == changed.json()


def test_a_patch_that_changes_nothing_is_no_event(api, a_model):
    response = api.send("PATCH", "/models/churn", {"name": "churn", "metadata": {}})
    assert response.status_code == 200
    assert response.headers["etag"] == '"1"'
    assert len(api.events("model.renamed.v1", "model.described.v1")) == 0


def test_a_renamed_model_is_found_by_its_new_name_and_the_old_one_is_free(api, a_model):
    assert api.send("PATCH", "/models/churn", {"name": "attrition"}).status_code == 200
    assert api.get("/models/attrition").json()["id"] == a_model["id"]
    assert api.get("/models/churn").status_code == 404
    assert api.register_model("churn")["id"] != a_model["id"]


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"type": "regression"}, "type"),
        ({"name": None}, "name"),
        ({"id": "x"}, "id"),
        ({"metadata": 3}, "metadata"),
    ],
)
def test_a_patch_of_what_cannot_change_is_refused(api, a_model, patch, field):
    assert field in problems_of(api.send("PATCH", "/models/churn", patch))


WISH = "metadata.auto_train"


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ("orders", WISH),
        ([{"dataset_id": "orders"}], WISH),
        ({}, f"{WISH}.dataset_id"),
        ({"dataset_id": ["orders"]}, f"{WISH}.dataset_id"),
        ({"dataset_id": ""}, f"{WISH}.dataset_id"),
        ({"dataset_id": "a/b"}, f"{WISH}.dataset_id"),
        ({"dataset_id": "orders", "hyperparameters": [1]}, f"{WISH}.hyperparameters"),
        ({"dataset_id": "orders", "hyperparameters": {"num_leafs": 3}}, f"{WISH}.hyperparameters.num_leafs"),
        ({"dataset_id": "orders", "hyperparameters": {"eta": "much"}}, f"{WISH}.hyperparameters.eta"),
        ({"dataset_id": "orders", "hyper_parameters": {}}, f"{WISH}.hyper_parameters"),
    ],
)
def test_a_model_can_only_follow_a_dataset_as_it_could_be_trained(api, a_model, wish, field):
    metadata = {"metadata": {"auto_train": wish}}
    asked = {"name": "follower", "type": "regression", **metadata}
    for response in (api.post("/models", asked), api.send("PATCH", "/models/churn", metadata)):
        assert field in problems_of(response)
    assert api.get("/models/churn").json() == a_model


@pytest.mark.parametrize(
    "wish",
    [
        {"dataset_id": "yet to come", "hyperparameters": {"n_estimators": 5}},
        {"dataset_id": str(UUID(int=7)), "hyperparameters": None},
        None,
    ],
)
def test_a_model_may_follow_a_dataset_that_is_yet_to_come(api, wish):
    assert api.register_model(metadata={"auto_train": wish})["metadata"]["auto_train"] == wish


def test_a_patch_completes_what_the_metadata_say_of_automatic_training(api):
    api.register_model(metadata={"auto_train": {"dataset_id": "orders"}})
    for part in ({"hyperparameters": {"seed": 3}}, {"hyperparameters": {"seed": None}}):
        assert api.send("PATCH", "/models/churn", {"metadata": {"auto_train": part}}).status_code == 200
    gone = api.send("PATCH", "/models/churn", {"metadata": {"auto_train": {"dataset_id": None}}})
    assert f"{WISH}.dataset_id" in problems_of(gone)
    none = api.send("PATCH", "/models/churn", {"metadata": {"auto_train": None}})
    assert none.json()["metadata"] == {}


def test_a_retired_model_is_gone_from_lists_and_its_name_is_free(api, a_model):
    retired = api.send("DELETE", "/models/churn")
    assert (retired.status_code, retired.content) == (204, b"")
    gone = api.get(f"/models/{a_model['id']}")
    assert (gone.status_code, gone.json()["error_code"]) == (404, "model.retired")
    assert api.get("/models/churn").json()["error_code"] == "model.not-found"
    assert api.get("/models").json()["items"] == []
    again = api.send("DELETE", f"/models/{a_model['id']}")
    assert (again.status_code, again.json()["error_code"]) == (404, "model.retired")
    assert api.register_model("churn")["id"] != a_model["id"]


@pytest.mark.parametrize("reference", ["nothing", str(UUID(int=7)), "a%00b", "x" * 2_000])
def test_a_model_that_never_was_is_not_found(empty_api, reference):
    for response in (
        empty_api.get(f"/models/{reference}"),
        empty_api.send("PATCH", f"/models/{reference}", {}),
        empty_api.send("DELETE", f"/models/{reference}"),
        empty_api.get(f"/models/{reference}/versions"),
        empty_api.get(f"/models/{reference}/history"),
    ):
        assert (response.status_code, response.json()["error_code"]) == (404, "model.not-found")
