"""The types of public events, served on their own: no part of the service is needed for them."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from starlette.applications import Starlette

from application.integration.contracts import PUBLIC_EVENTS
from interfaces.http.event_types import EventTypeEndpoints
from interfaces.http.exchange import Exchange
from interfaces.http.operations import routes
from interfaces.http.stopping import Stopping
from tests.support.http import Api, client_of, listening


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    app = Exchange(Starlette(routes=routes(EventTypeEndpoints().operations())), stopping=Stopping())
    with listening(app) as url, client_of(url) as client:
        yield client


def test_every_public_type_is_listed_with_the_schema_of_its_data(client: httpx.Client) -> None:
    listed = client.get("/api/v1/event-types").json()
    assert {each["type"] for each in listed["items"]} == set(PUBLIC_EVENTS)
    assert listed["next_page_token"] is None
    for each in listed["items"]:
        assert each["subject"] == PUBLIC_EVENTS[each["type"]].subject
        response = client.get(each["dataschema"])
        assert response.headers["content-type"] == "application/schema+json"
        schema = response.json()
        Draft202012Validator.check_schema(schema)
        assert schema["description"] == each["description"]


def test_an_unknown_type_is_not_found_and_the_nearest_is_named(client: httpx.Client) -> None:
    response = client.get("/api/v1/event-types/ml.model.registred.v1")
    assert response.status_code == 404
    assert response.json()["error_code"] == "event-type.not-found"
    assert "'ml.model.registered.v1'" in response.json()["error"]


def test_where_the_data_are_too_large_the_api_serves_what_they_tell_of(
    api: Api, a_model: Any, a_version: Any, a_dataset: Any, a_job: Any
) -> None:
    ids = {
        "model_id": a_model["id"],
        "version_id": a_version["id"],
        "dataset_id": a_dataset["id"],
        "training_job_id": a_job["id"],
    }
    for path in {each.path for each in PUBLIC_EVENTS.values()}:
        response = api.client.get(path.format_map(ids), params={"as_of": api.service.ledger.head()})
        assert response.status_code == 200, path
