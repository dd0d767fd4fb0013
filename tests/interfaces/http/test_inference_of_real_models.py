"""Over HTTP and through JSON a trained version answers what plain LightGBM answers, bit for bit."""

import asyncio
import json
import math
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace

import httpx
import lightgbm as lgb
import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.inference.values import FeatureType
from infrastructure.learning.manifest import THRESHOLD, TREES
from interfaces.http.inference import PATH, InferenceEndpoint
from tests.interfaces.http.test_inference import Progress
from tests.support.data import EXAMPLES, OF_EVERY_TYPE
from tests.support.examples import examples


@pytest.fixture(scope="module")
def a_service(trained_examples):
    """Each example table learned, its version in production."""
    endpoint = InferenceEndpoint(serving=trained_examples.registry.serving, progress=Progress(0))
    yield SimpleNamespace(endpoint=endpoint, trained=trained_examples.trained)
    endpoint.close()


@cache
def instances_of(name):
    return OF_EVERY_TYPE[name]().instances()


def ask(endpoint, name, instances):
    async def post():
        transport = httpx.ASGITransport(app=endpoint)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            body = orjson.dumps({"model_id": name, "features": instances})
            return await client.post(f"{PATH}?explain=true", content=body)

    response = asyncio.run(post())
    assert response.status_code == 200, response.text
    return response.json()["results"]


def matrix_of(features, instances):
    """Encode instances for LightGBM without any of the service's own code."""

    def number(feature, value):
        if value is None or (feature.type is FeatureType.CATEGORICAL and value not in feature.categories):
            return math.nan
        return float(feature.categories.index(value) if feature.type is FeatureType.CATEGORICAL else value)

    return np.array([[number(feature, each[feature.name]) for feature in features] for each in instances])


def answers_of_lightgbm(training, instances):
    booster = lgb.Booster(model_str=training.parts[TREES].decode())
    matrix = matrix_of(training.manifest.features, instances)
    numbers = booster.predict(matrix)
    contributions = booster.predict(matrix, pred_contrib=True)
    labels = training.manifest.labels
    names = [feature.name for feature in training.manifest.features]
    for row, number in enumerate(numbers):
        if labels is None:
            prediction, probability, code, sign = number, None, 0, 1
        elif len(labels) == 2:
            is_second = number > training.manifest.settings[THRESHOLD]
            code, sign = 0, 1 if is_second else -1
            prediction, probability = (labels[1], number) if is_second else (labels[0], 1 - number)
        else:
            code, sign = int(np.argmax(number)), 1
            prediction, probability = labels[code], number[code]
        width = len(names) + 1
        scores = contributions[row, code * width : code * width + width - 1]
        explanation = {name: sign * score for name, score in zip(names, scores, strict=True)}
        yield {"prediction": prediction, "probability": probability, "explanation": explanation}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_row_of_the_example_is_answered_as_lightgbm_does(a_service, name):
    expected = list(answers_of_lightgbm(a_service.trained[name], instances_of(name)))
    assert ask(a_service.endpoint, name, instances_of(name)) == expected


NUMBERS = st.one_of(st.none(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False))
VALUES = {
    FeatureType.NUMERIC: NUMBERS,
    FeatureType.CATEGORICAL: st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]))),
    FeatureType.BOOLEAN: st.sampled_from([None, True, False]),
    FeatureType.DATETIME: st.none() | st.datetimes(timezones=st.just(UTC) | st.none()).map(datetime.isoformat),
    FeatureType.TEXT: st.none() | st.lists(st.sampled_from(["great", "Awful", "soup", "…"])).map(" ".join),
}


def conforming_instances(name, features):
    change = st.sampled_from(features).flatmap(lambda each: st.tuples(st.just(each.name), VALUES[each.type]))
    row = st.integers(0, len(instances_of(name)) - 1)
    instance = st.builds(
        lambda at, changed: instances_of(name)[at] | dict(changed), row, st.lists(change, max_size=6)
    )
    return st.lists(instance, min_size=1, max_size=5)


@pytest.mark.parametrize("name", EXAMPLES)
@given(data=st.data())
@settings(max_examples=examples(8))
def test_any_conforming_instances_are_answered_as_lightgbm_does(a_service, name, data):
    """Nulls, unseen categories and numbers of any size among them."""
    training = a_service.trained[name]
    instances = data.draw(conforming_instances(name, training.manifest.features))
    as_received = orjson.loads(json.dumps(instances))
    assert ask(a_service.endpoint, name, as_received) == list(answers_of_lightgbm(training, as_received))
