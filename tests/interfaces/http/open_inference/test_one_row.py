"""A single row of the usual form is read quickly, and answered as if it were not."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interfaces.http.open_inference.one_row import RowForm
from tests.interfaces.http.open_inference.test_equal_numbers import NUMERIC, features_of, in_json
from tests.interfaces.http.test_inference_of_real_models import conforming_instances, instances_of
from tests.support.data import EXAMPLES
from tests.support.examples import examples
from tests.support.fakes.predictors import SCHEMA
from tests.support.open_inference import tensor

AGE, CITY = tensor("age", "FP64", [40.5]), tensor("city", "BYTES", ["Basel"])
NESTED = [1, 1]


@pytest.fixture
def a_form():
    return RowForm(SCHEMA, ["no", "yes"])


@pytest.fixture(scope="module")
def form_of(trained_examples):
    """Of an example."""

    def form_of(name):
        predictor = trained_examples.registry.serving.resolve((name, None)).loaded.predictor
        return RowForm(predictor.schema, predictor.labels)

    return form_of


def body_of(*inputs, **members):
    return json.dumps({"inputs": inputs, **members}).encode()


def as_others_are(inputs):
    """Return the same tensors in a form that is not the usual one."""
    return [{**each, "parameters": {}} for each in inputs]


def require_equal_answers(protocol, form, name, inputs, **members):
    """Demand that the request is read quickly, and answered the same where it is not."""
    assert form.read(body_of(*inputs, **members)) is not None
    assert form.read(body_of(*as_others_are(inputs), **members)) is None
    quickly = protocol.infer(name, *inputs, id="mine", **members)
    slowly = protocol.infer(name, *as_others_are(inputs), id="mine", **members)
    assert (quickly.status_code, quickly.content) == (200, slowly.content)


@pytest.mark.parametrize("name", EXAMPLES)
@given(data=st.data())
@settings(max_examples=examples(8), deadline=None)
def test_any_row_is_answered_as_it_is_when_it_is_read_in_the_other_way(
    a_protocol, trained_examples, form_of, name, data
):
    """Nulls, unseen categories and numbers of any size among them, in any order, whatever is to be sent back."""
    features = features_of(trained_examples, name)
    instance = data.draw(conforming_instances(name, features))[:1] or instances_of(name)[:1]
    inputs = data.draw(st.permutations(in_json(features, instance)))
    shape = data.draw(st.sampled_from([[1], NESTED]))
    outputs = data.draw(st.sampled_from([[], [{"name": "predict", "parameters": {"binary_data": False}}]]))
    inputs = [{**each, "shape": shape} for each in inputs]
    require_equal_answers(a_protocol, form_of(name), name, inputs, outputs=outputs)


@pytest.mark.parametrize("name", NUMERIC)
@given(data=st.data())
@settings(max_examples=examples(8), deadline=None)
def test_any_row_of_a_table_is_answered_as_it_is_when_it_is_read_in_the_other_way(
    a_protocol, trained_examples, form_of, name, data
):
    width = len(features_of(trained_examples, name))
    number = (
        st.none() | st.just(math.nan) | st.integers(-(2**66), 2**66) | st.floats(width=32, allow_infinity=False)
    )
    row = data.draw(st.lists(number, min_size=width, max_size=width))
    datatype = data.draw(st.sampled_from(["FP64", "FP32"]))
    cells = data.draw(st.sampled_from([row, [row]]))
    require_equal_answers(a_protocol, form_of(name), name, [tensor("x", datatype, cells, [1, width])])
    columns = [
        tensor(each.name, datatype, [cell])
        for each, cell in zip(features_of(trained_examples, name), row, strict=True)
    ]
    require_equal_answers(a_protocol, form_of(name), name, columns, parameters={"timeout": 10_000_000})


@pytest.mark.parametrize(
    ("inputs", "row"),
    [
        ((AGE, CITY), [40.5, 1.0]),
        ((CITY, AGE), [40.5, 1.0]),
        ((tensor("age", "FP64", [7], NESTED), tensor("city", "BYTES", ["Bern"], NESTED)), [7.0, 0.0]),
        ((tensor("age", "FP64", [None]), tensor("city", "BYTES", [None])), [None, None]),
        ((tensor("age", "FP64", [math.nan]), tensor("city", "BYTES", ["NaN"])), [None, None]),
    ],
)
def test_a_row_is_read_in_the_order_of_the_features(a_form, inputs, row):
    found = a_form.read(body_of(*inputs))
    assert (found.id, found.outputs) == (None, ("predict", "predict_proba"))
    assert found.row == row


def test_what_a_sender_says_beside_its_tensors_is_read(a_form):
    found = a_form.read(body_of(AGE, CITY, id="", outputs=[{"name": "predict_proba"}], parameters={"timeout": 1}))
    assert (found.id, found.outputs) == ("", ["predict_proba"])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        body_of(),
        body_of(AGE),
        body_of(AGE, AGE),
        body_of(AGE, CITY, CITY),
        body_of(AGE, tensor("town", "BYTES", ["Basel"])),
        body_of(tensor("age", "FP64", [1, 2]), tensor("city", "BYTES", ["Bern", "Basel"])),
        body_of(tensor("age", "FP64", [1], [2]), CITY),
        body_of(tensor("age", "FP64", [1], [1.0]), CITY),
        body_of(tensor("age", "FP64", [[1]], NESTED), CITY),
        body_of(tensor("age", "FP64", [1], [1, 1, 1]), CITY),
        body_of({**AGE, "shape": []}, CITY),
        body_of(tensor("age", "FP64", [True]), CITY),
        body_of(tensor("age", "FP64", ["1"]), CITY),
        body_of(tensor("age", "FP64", [math.inf]), CITY),
        body_of(tensor("age", "FP32", [1]), CITY),
        body_of(tensor("age", "INT64", [1]), CITY),
        body_of(tensor("age", "BYTES", ["1"]), CITY),
        body_of(AGE, tensor("city", "BYTES", [1])),
        body_of(AGE, {**CITY, "parameters": {"shared_memory_region": "r"}}),
        body_of(AGE, {**CITY, "comment": "what is passed over is not looked at"}),
        body_of(AGE, CITY, id=7),
        body_of(AGE, CITY, id="x" * 1_025),
        body_of(AGE, CITY, parameters={"timeout": -1}),
        body_of(AGE, CITY, parameters={"binary_data_output": True}),
        body_of(AGE, CITY, outputs=[{"name": "explanation"}]),
        body_of(AGE, CITY, outputs=[{"name": "predict"}, {"name": "predict"}]),
        body_of(AGE, CITY, outputs=[{"name": "predict", "parameters": {"binary_data": True}}]),
        body_of(AGE, CITY, outputs=[{"name": "predict", "parameters": {"classification": 3}}]),
        body_of(tensor("x", "FP64", [1, 2], [1, 2])),
        body_of(AGE, CITY) + b" " * 2_000,
        b"\xff" + body_of(AGE, CITY),
    ],
)
def test_what_has_not_the_usual_form_is_left_to_those_who_say_what_is_wrong_with_it(a_form, body):
    assert a_form.read(body) is None


def test_a_number_that_is_too_large_for_its_datatype_is_left_to_those_who_say_so(a_protocol, form_of):
    table = tensor("x", "FP32", [1e39, 1, 1, 1], [1, 4])
    assert form_of("iris").read(body_of(table)) is None
    assert "must be a finite number" in a_protocol.infer("iris", table).json()["error"]
