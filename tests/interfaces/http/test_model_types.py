"""What can be trained, served on its own: no part of the service is needed for it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from domain.errors import InvalidInput
from domain.models.values import ModelType
from domain.training.hyperparameters.parsing import BY_TYPE, parse
from interfaces.http.exchange import Exchange
from interfaces.http.model_types import ModelTypeEndpoints
from interfaces.http.operations import routes
from interfaces.http.stopping import Stopping
from tests.support.http import client_of, listening


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    app = Exchange(Starlette(routes=routes(ModelTypeEndpoints().operations())), stopping=Stopping())
    with listening(app) as url, client_of(url) as client:
        yield client


@pytest.fixture(scope="module")
def told(client: httpx.Client) -> dict[ModelType, dict[str, Any]]:
    page = client.get("/api/v1/model-types").json()
    assert page["next_page_token"] is None
    return {
        ModelType(each["type"]): {setting["name"]: setting for setting in each["hyperparameters"]}
        for each in page["items"]
    }


def accepts(model_type: ModelType, name: str, value: Any) -> bool:
    try:
        parse(model_type, {name: value})
    except InvalidInput:
        return False
    return True


def test_every_type_that_can_be_trained_is_told_with_all_its_hyperparameters_and_what_they_do(
    told: dict[ModelType, dict[str, Any]],
) -> None:
    assert set(told) == set(ModelType)
    for model_type, settings in told.items():
        assert set(settings) == set(BY_TYPE[model_type].model_fields)
        assert [name for name, each in settings.items() if not each["description"].endswith(".")] == []


def test_what_is_told_is_what_is_accepted(told: dict[ModelType, dict[str, Any]]) -> None:
    for model_type, settings in told.items():
        for name, each in settings.items():
            assert accepts(model_type, name, each["default"])
            assert all(accepts(model_type, alias, each["default"]) for alias in each["aliases"])
            assert all(accepts(model_type, name, choice) for choice in each["choices"])
            step = 1 if each["kind"] == "integer" else 1e-9
            for bound, beyond in (("minimum", -step), ("maximum", step)):
                limit = each[bound]
                if limit is not None:
                    assert accepts(model_type, name, limit) is not each[f"is_{bound}_exclusive"], (name, bound)
                    assert not accepts(model_type, name, limit + beyond) or limit + beyond in each["choices"]


def test_a_setting_is_told_in_full(told: dict[ModelType, dict[str, Any]]) -> None:
    settings = told[ModelType.CLASSIFICATION]

    assert settings["threshold"] == {
        "name": "threshold",
        "aliases": [],
        "kind": "number",
        "default": "auto",
        "minimum": 0.0,
        "is_minimum_exclusive": False,
        "maximum": 1.0,
        "is_maximum_exclusive": False,
        "choices": ["auto"],
        "description": settings["threshold"]["description"],
    }
    assert settings["class_weight"]["kind"] == "choice"
    assert settings["class_weight"]["choices"] == ["none", "balanced"]
    assert settings["learning_rate"]["is_minimum_exclusive"]
    assert isinstance(settings["num_leaves"]["minimum"], int)
    assert settings["learning_rate"]["aliases"] == ["eta", "shrinkage_rate"]
    assert settings["num_leaves"]["description"] == "So many leaves a tree has at most."
    assert (settings["target"]["kind"], settings["features"]["kind"]) == ("column", "columns")
