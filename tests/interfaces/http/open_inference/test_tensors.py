"""What tensors a version takes, and that those which do not conform are told what is wrong."""

import math
import struct

import numpy as np
import orjson
import pytest

from interfaces.inference.asked import INSTANCES_MAX
from tests.support.open_inference import binary, outputs_of, tensor

CITY = tensor("city", "BYTES", ["Basel"])
BINARY_CITY = binary("city", "BYTES", ["Basel"])


@pytest.fixture
def predict(an_unchanging_protocol):
    """What the sums of rows are, given tensors of the features."""

    def predict(*inputs):
        return outputs_of(an_unchanging_protocol.infer("churn", *inputs))["predict"]

    return predict


@pytest.fixture
def problems(an_unchanging_protocol):
    """What is told to be wrong with tensors, by field."""

    def problems(*inputs, **members):
        return told(an_unchanging_protocol.infer("churn", *inputs, **members))

    return problems


@pytest.fixture
def binary_problems(an_unchanging_protocol):
    def problems(*inputs, **members):
        return told(an_unchanging_protocol.infer_binary("churn", *inputs, **members))

    return problems


def told(response):
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/json"
    assert next(iter(response.json())) == "error"
    return [(each["field"], each["message"]) for each in response.json().get("validation_errors", [])]


def test_a_tensor_for_each_feature_may_be_a_column_or_a_list_in_any_order(predict):
    ages = [1, 2.5, None]
    expected = ("FP64", [3], [1.0, 3.5, 0.0])
    cities = ["Bern", "Basel", None]
    assert predict(tensor("age", "FP64", ages), tensor("city", "BYTES", cities)) == expected
    columns = tensor("city", "BYTES", [[each] for each in cities], [3, 1]), tensor("age", "FP64", ages, [3, 1])
    assert predict(*columns) == expected


@pytest.mark.parametrize("datatype", ["INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"])
def test_whole_numbers_of_every_width_are_numbers(an_unchanging_protocol, predict, datatype):
    bounds = np.iinfo(datatype.lower())
    ages = [bounds.max, 0, 7]
    expected = [float(bounds.max), 0.0, 7.0]
    cities = tensor("city", "BYTES", ["Bern"] * 3)
    assert predict(tensor("age", datatype, ages), cities)[2] == expected
    data = np.array(ages, np.dtype(datatype.lower()).newbyteorder("<")).tobytes()
    described = {"name": "age", "datatype": datatype, "shape": [3], "parameters": {"binary_data_size": len(data)}}
    response = an_unchanging_protocol.infer_binary("churn", (described, data), (cities, b""))
    assert outputs_of(response)["predict"][2] == expected


@pytest.mark.parametrize("datatype", ["FP16", "FP32", "FP64"])
def test_fractions_of_every_width_are_numbers_and_nan_is_missing(an_unchanging_protocol, datatype):
    ages = [1.5, math.nan, -0.25]
    response = an_unchanging_protocol.infer_binary(
        "churn", binary("age", datatype, ages), binary("city", "BYTES", ["Bern", "Basel", "unseen"])
    )
    assert outputs_of(response)["predict"][2] == [1.5, 1.0, -0.25]


def test_a_number_in_json_is_of_the_width_that_its_datatype_says(predict):
    assert predict(tensor("age", "FP32", [0.1]), CITY)[2] == [1 + float(np.float32(0.1))]
    assert predict(tensor("age", "FP64", [0.1]), CITY)[2] == [1.1]


def test_nan_in_json_is_missing_as_null_is(predict, an_unchanging_protocol):
    """Clients write it so, for they have no other word; in texts it stays what it is."""
    assert predict(tensor("age", "FP64", [math.nan]), CITY)[2] == [1.0]
    response = an_unchanging_protocol.infer("churn", tensor("age", "FP64", [math.nan]), CITY, id='a "NaN" \\')
    assert response.json()["id"] == 'a "NaN" \\'


def test_text_in_utf_8_of_any_kind_is_a_category_that_nobody_has_seen(an_unchanging_protocol):
    cities = ["Zürich", "", "x" * 70_000, "\x00", "Basel"]
    response = an_unchanging_protocol.infer_binary(
        "churn", binary("age", "INT64", [0] * 5), binary("city", "BYTES", cities)
    )
    assert outputs_of(response)["predict"][2] == [0.0, 0.0, 0.0, 0.0, 1.0]


def test_truth_values_are_taken_as_such_and_as_numbers_that_may_be_missing(a_protocol):
    others = [
        tensor("months", "INT64", [3, 3, 3]),
        tensor("plan", "BYTES", ["plus"] * 3),
        tensor("calls", "FP64", [None] * 3),
    ]
    expected = outputs_of(a_protocol.infer("churn", *others, tensor("paperless", "BOOL", [True, False, None])))
    numbers = a_protocol.infer("churn", *others, tensor("paperless", "FP32", [1, 0, None]))
    assert outputs_of(numbers) == expected
    described, data = binary("paperless", "BOOL", [True, False, True])
    assert data == b"\x01\x00\x01"
    assert outputs_of(a_protocol.infer_binary("churn", *((each, b"") for each in others), (described, data)))
    for wrong in (tensor("paperless", "INT8", [1, 0, 2]), tensor("paperless", "BYTES", ["a"] * 3)):
        assert told(a_protocol.infer("churn", *others, wrong))
    described, _ = binary("paperless", "UINT8", [2, 0, 1])
    odd = a_protocol.infer_binary(
        "churn", *((each, b"") for each in others), ({**described, "datatype": "BOOL"}, b"\2\0\1")
    )
    assert told(odd) == [("inputs[3].data[0]", "must be 0 or 1: 'paperless' is of BOOL.")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (["40"], "must be a number or null, is text: 'age' is of FP64."),
        ([True], "must be a number or null, is a boolean: 'age' is of FP64."),
        ([[1]], "must be a number or null, is a list: 'age' is of FP64."),
    ],
)
def test_what_is_no_number_is_refused_where_one_should_be(problems, data, message):
    assert problems(tensor("age", "FP64", data), CITY) == [("inputs[0].data[0]", message)]


def test_infinite_numbers_are_refused(problems, binary_problems):
    message = "must be a finite number; NaN or null where it is not known: 'age' is of {}."
    two = tensor("city", "BYTES", ["Basel"] * 2)
    for datatype in ("FP16", "FP32", "FP64"):
        given = binary("age", datatype, [0, -math.inf])
        assert binary_problems(given, (two, b"")) == [("inputs[0].data[1]", message.format(datatype))]
    assert problems(tensor("age", "FP32", [0, 1e39]), two) == [("inputs[0].data[1]", message.format("FP32"))]


def test_whole_numbers_that_their_datatype_has_not_are_refused(problems):
    for datatype, value in [("UINT8", 256), ("INT8", -129), ("UINT64", -1), ("INT64", 2**63)]:
        ((field, message),) = problems(tensor("age", datatype, [value]), CITY)
        assert (field, "must lie between" in message) == ("inputs[0].data[0]", True)
    for value in (1.5, 2**70):
        ((_, message),) = problems(tensor("age", "INT64", [value]), CITY)
        assert message.startswith("must be a whole number or null, is too large or has a fraction")


def test_a_datatype_that_does_not_fit_the_feature_is_refused(problems):
    assert problems(tensor("age", "BYTES", ["40"]), tensor("city", "FP64", [1.0])) == [
        ("inputs[0].datatype", "'age' must be a tensor of numbers, is of BYTES."),
        ("inputs[1].datatype", "'city' must be a tensor of BYTES, the texts in UTF-8, is of FP64."),
    ]
    assert problems(tensor("age", "BOOL", [True]), CITY) == [
        ("inputs[0].datatype", "'age' must be a tensor of numbers, is of BOOL.")
    ]
    ((field, message),) = problems(tensor("age", "BF16", [1]), CITY)
    assert (field, message[:18]) == ("inputs[0].datatype", "must be one of BOO")
    assert problems(tensor("age", "FP16", [1]), CITY) == [
        ("inputs[0].datatype", "FP16 is for binary data only: send FP32 in JSON.")
    ]


def test_names_that_are_no_features_are_refused_with_the_nearest(problems):
    assert problems(tensor("agee", "FP64", [1]), CITY) == [
        ("inputs[0].name", "is no feature of this version. Did you mean 'age'?"),
        ("inputs", "'age' is missing; send NaN or null where its value is not known."),
    ]
    twice = tensor("age", "FP64", [1])
    assert problems(twice, twice, CITY) == [("inputs[0].name", "is given twice.")]
    assert problems(tensor("age", "FP64", [1])) == [
        ("inputs", "'city' is missing; send NaN or null where its value is not known.")
    ]


@pytest.mark.parametrize(
    ("shape", "field", "message"),
    [
        ([2], "inputs[1].shape", "has 1 rows, inputs[0] has 2."),
        ([], "inputs[0].shape", "must be [rows] or [rows, 1], is []."),
        ([2, 2], "inputs[0].shape", "must be [rows] or [rows, 1], is [2, 2]."),
        ([1, 1, 1], "inputs[0].shape", "must be [rows] or [rows, 1], is [1, 1, 1]."),
        ([-1], "inputs[0].shape", "must be a list of whole numbers from 0 on."),
        ([1.0], "inputs[0].shape", "must be a list of whole numbers from 0 on."),
        (["1"], "inputs[0].shape", "must be a list of whole numbers from 0 on."),
        (1, "inputs[0].shape", "must be a list of whole numbers from 0 on, is a number."),
        ([10**15], "inputs[1].shape", f"has 1 rows, inputs[0] has {10**15}."),
    ],
)
def test_a_shape_that_is_none_of_a_feature_is_refused(problems, shape, field, message):
    given = {"name": "age", "datatype": "FP64", "shape": shape, "data": [1, 2]}
    assert problems(given, CITY) == [(field, message)]


def test_elements_have_to_be_as_many_as_the_shape_says(problems, binary_problems):
    assert problems(tensor("age", "FP64", [1, 2], [1]), CITY) == [
        ("inputs[0].data", "has 2 elements, its shape [1] means 1.")
    ]
    assert binary_problems(binary("age", "FP64", [1, 2], [1]), BINARY_CITY) == [
        ("inputs[0]", "has 16 bytes, its shape [1] of FP64 means 8.")
    ]
    assert binary_problems(binary("age", "FP64", [1]), binary("city", "BYTES", ["a", "b"], [1])) == [
        ("inputs[1].data", "has 2 elements, its shape [1] means 1.")
    ]


def test_a_table_has_to_have_a_column_for_each_feature(a_protocol):
    ((field, message),) = told(a_protocol.infer("iris", tensor("x", "FP64", [1] * 6, [2, 3])))
    assert (field, message.startswith("must be [rows, 4], with a column for each feature")) == (
        "inputs[0].shape",
        True,
    )
    ragged = a_protocol.infer("iris", tensor("x", "FP64", [[1, 2, 3, 4], [1, 2, 3]], [2, 4]))
    assert told(ragged) == [("inputs[0].data[1]", "must be a list of 4 elements, has 3 elements.")]
    few = a_protocol.infer("iris", tensor("x", "FP64", [[1, 2, 3, 4]], [2, 4]))
    assert told(few) == [("inputs[0].data", "has 1 rows, its shape [2, 4] means 2.")]
    wrong = a_protocol.infer("iris", tensor("x", "FP64", [[1, 2, 3, 4], [1, "x", 3, 4]], [2, 4]))
    assert told(wrong) == [("inputs[0].data[1][1]", "must be a number or null, is text: 'x' is of FP64.")]


def test_a_table_of_numbers_is_none_for_a_version_that_knows_texts(a_protocol):
    found = told(a_protocol.infer("churn", tensor("x", "FP64", [1.0] * 4, [1, 4])))
    assert found == [("inputs[0].datatype", "'plan' must be a tensor of BYTES, the texts in UTF-8, is of FP64.")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x05\x00", "ends within the four bytes of a text's length."),
        (struct.pack("<I", 9) + b"Basel", "has 5 bytes left where a text of 9 bytes should begin."),
        (struct.pack("<I", 2) + b"\xff\xfe", "has a text that is not UTF-8, at its byte 4."),
    ],
)
def test_texts_that_are_not_as_long_as_they_say_are_refused(binary_problems, data, message):
    described = {"name": "city", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(data)}}
    assert binary_problems(binary("age", "FP64", [1]), (described, data)) == [("inputs[1]", message)]


def test_what_follows_the_json_has_to_be_as_long_as_that_says(an_unchanging_protocol):
    described, data = binary("age", "FP64", [1])
    for sent in (data[:-1], data + b"x"):
        response = an_unchanging_protocol.infer_binary("churn", (described, sent), BINARY_CITY)
        assert (response.status_code, response.json()["error_code"]) == (400, "open-inference.malformed")
        assert "bytes follow the JSON" in response.json()["error"]
    for length in ("1000000", "x", "-1", "", "9" * 30):
        headers = {"Inference-Header-Content-Length": length}
        response = an_unchanging_protocol.infer_binary("churn", (described, data), BINARY_CITY, headers=headers)
        assert (response.status_code, response.json()["error_code"]) == (400, "open-inference.malformed")


@pytest.mark.parametrize(
    ("document", "field", "message"),
    [
        ({}, "inputs", "is missing."),
        ({"inputs": []}, "inputs", "is empty: send at least one tensor."),
        ({"inputs": {}}, "inputs", "must be a list, is an object."),
        ({"inputs": [1]}, "inputs[0]", "must be an object, is a number."),
        ([], "body", "must be an object, is a list."),
        ({"inputs": [CITY], "id": 7}, "id", "must be text, is a number."),
        ({"inputs": [CITY], "parameters": []}, "parameters", "must be an object, is a list."),
        (
            {"inputs": [CITY], "parameters": {"timeout": "1"}},
            "parameters.timeout",
            "must be a whole number from 0 on, is text.",
        ),
        ({"inputs": [{"shape": [1], "data": [1]}]}, "inputs[0].datatype", "is missing: it must be text."),
        (
            {"inputs": [{"name": "age", "datatype": "FP64", "shape": [1]}]},
            "inputs[0]",
            "has neither data nor parameters.binary_data_size: one of them must say where its elements are.",
        ),
        ({"inputs": [CITY], "outputs": [{}]}, "outputs[0].name", "is missing: it must be text."),
    ],
)
def test_a_request_of_another_form_is_told_what_is_wrong(an_unchanging_protocol, document, field, message):
    response = an_unchanging_protocol.ask("POST", "/v2/models/churn/infer", orjson.dumps(document))
    assert told(response) == [(field, message)]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b'{"inputs": [NaN', b"[" * 5_000, b'{"a": Infinity, "b": NaN}']
)
def test_a_body_that_is_no_json_is_told_so(an_unchanging_protocol, body):
    response = an_unchanging_protocol.ask("POST", "/v2/models/churn/infer", body)
    assert (response.status_code, response.json()["error_code"]) == (400, "request.not-json")


def test_more_rows_than_are_answered_at_once_are_refused(problems):
    count = INSTANCES_MAX + 1
    message = f"has {count} rows, may have {INSTANCES_MAX}: send several requests."
    given = {"datatype": "FP64", "shape": [count], "data": []}
    assert problems({"name": "age", **given}, {"name": "city", **given, "datatype": "BYTES"}) == [
        ("inputs[0].shape", message)
    ]
