"""The same rows give the same numbers, bit for bit, whatever form they come in and go out in."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.inference.values import FeatureType
from interfaces.http.open_inference.datatypes import OF_FEATURES
from tests.interfaces.http.test_inference_of_real_models import conforming_instances, instances_of
from tests.support.data import OF_EVERY_TYPE
from tests.support.examples import examples
from tests.support.open_inference import binary, outputs_of, tensor

UNSEEN = "\x00 is no plan and no quarter"
ALL = ("predict", "explanation")
NUMERIC = [
    name
    for name, example in OF_EVERY_TYPE.items()
    if name not in {"churn", "rents", "customers", "reviews", "stars", "rides"}
]


def features_of(trained_examples, name):
    return trained_examples.trained[name].manifest.features


def labels_of(trained_examples, name):
    return trained_examples.trained[name].manifest.labels


def in_json(features, instances):
    return [tensor(each.name, OF_FEATURES[each.type], [row[each.name] for row in instances]) for each in features]


def in_binary(features, instances):
    """Without null: NaN for a number or a truth value, no text for an instant, one unseen for any other."""
    for each in features:
        column = [row[each.name] for row in instances]
        if each.type is FeatureType.DATETIME:
            yield binary(each.name, "BYTES", [value or "" for value in column])
        elif OF_FEATURES[each.type] == "BYTES":
            yield binary(each.name, "BYTES", [UNSEEN if value is None else value for value in column])
        else:
            yield binary(each.name, "FP64", [math.nan if value is None else float(value) for value in column])


def results_of(response, features, labels):
    """Return what was answered in the words that instances in JSON are answered in."""
    found = outputs_of(response)
    datatype, (rows, *inner), contributions = found["explanation"]
    if datatype == "BYTES":
        explanations = list(map(json.loads, contributions))
    else:
        (width,) = inner
        assert width == len(features) + 1
        names = [each.name for each in features]
        explanations = [
            dict(zip(names, contributions[at * width : (at + 1) * width - 1], strict=True)) for at in range(rows)
        ]
    probabilities = [None] * rows
    if "predict_proba" in found:
        _, (_, width), scores = found["predict_proba"]
        chosen = [labels.index(prediction) for prediction in found["predict"][2]]
        probabilities = [scores[at * width + code] for at, code in enumerate(chosen)]
    return [
        {"prediction": prediction, "probability": probability, "explanation": explanation}
        for prediction, probability, explanation in zip(
            found["predict"][2], probabilities, explanations, strict=True
        )
    ]


def wanted(trained_examples, name, *, is_binary):
    names = ALL if trained_examples.trained[name].manifest.labels is None else (*ALL, "predict_proba")
    return [{"name": each, "parameters": {"binary_data": is_binary}} for each in names]


@pytest.mark.parametrize("name", OF_EVERY_TYPE)
@given(data=st.data())
@settings(max_examples=examples(8), deadline=None)
def test_any_rows_are_answered_the_same_as_instances_as_tensors_and_in_binary(
    a_protocol, trained_examples, name, data
):
    """Nulls, unseen categories and numbers of any size among them."""
    features, labels = features_of(trained_examples, name), labels_of(trained_examples, name)
    instances = data.draw(conforming_instances(name, features))
    expected = a_protocol.predictions(name, instances)
    by_json, by_binary = (
        wanted(trained_examples, name, is_binary=False),
        wanted(trained_examples, name, is_binary=True),
    )
    in_text = a_protocol.infer(name, *in_json(features, instances), outputs=by_json)
    assert results_of(in_text, features, labels) == expected
    mixed = a_protocol.infer(name, *in_json(features, instances), outputs=by_binary)
    assert results_of(mixed, features, labels) == expected
    in_bytes = a_protocol.infer_binary(name, *in_binary(features, instances), outputs=by_binary)
    assert results_of(in_bytes, features, labels) == expected


@pytest.mark.parametrize("name", NUMERIC)
def test_a_table_is_answered_as_its_columns_are(a_protocol, trained_examples, name):
    features = features_of(trained_examples, name)
    instances = instances_of(name)[:50]
    instances[3] = dict.fromkeys(instances[3])
    rows = [[row[each.name] for each in features] for row in instances]
    shape = [len(rows), len(features)]
    flat = [value for row in rows for value in row]
    numbers = [math.nan if value is None else value for value in flat]
    expected = outputs_of(a_protocol.infer(name, *in_json(features, instances)))
    assert outputs_of(a_protocol.infer(name, tensor("input-0", "FP64", rows, shape))) == expected
    assert outputs_of(a_protocol.infer(name, tensor("input-0", "FP64", flat, shape))) == expected
    assert outputs_of(a_protocol.infer_binary(name, binary("x", "FP64", numbers, shape))) == expected
    single = outputs_of(a_protocol.infer_binary(name, binary("x", "FP32", numbers, shape)))
    assert single == outputs_of(a_protocol.infer(name, tensor("x", "FP32", flat, shape)))


@pytest.mark.parametrize("name", OF_EVERY_TYPE)
def test_rows_in_any_number_are_answered_as_each_of_them(a_protocol, trained_examples, name):
    features, labels = features_of(trained_examples, name), labels_of(trained_examples, name)
    for count in (0, 1, 150):
        instances = instances_of(name)[:count]
        response = a_protocol.infer(
            name, *in_json(features, instances), outputs=wanted(trained_examples, name, is_binary=True)
        )
        assert results_of(response, features, labels) == a_protocol.predictions(name, instances)


def test_labels_come_in_the_datatype_that_they_have(a_protocol, trained_examples):
    datatypes = {"breast_cancer": "BYTES", "wine": "INT64", "churn": "BOOL", "rents": "FP64"}
    for name, datatype in datatypes.items():
        features = features_of(trained_examples, name)
        tensors = in_json(features, instances_of(name)[:30])
        plain = outputs_of(a_protocol.infer(name, *tensors))
        in_bytes = a_protocol.infer(name, *tensors, parameters={"binary_data_output": True})
        assert in_bytes.headers["content-type"] == "application/octet-stream"
        assert outputs_of(in_bytes) == plain
        assert plain["predict"][0] == datatype
        metadata = a_protocol.get(f"/v2/models/{name}")
        assert metadata["outputs"][0] == {
            "name": "predict", "datatype": datatype, "shape": [-1], "parameters": {}
        }  # fmt: skip
