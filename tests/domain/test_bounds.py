"""Free-form content: bounded JSON."""

import pytest

from domain.bounds import FREE_FORM_MAX_BYTES, is_same_json, require_bounded
from domain.errors import InvalidInput


def nested(levels):
    value = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "",
        "ä",
        "👩‍🔬",
        0,
        -(2**63),
        2**63 - 1,
        1.5,
        -0.0,
        [],
        {},
        {"a": [1, {"b": None}]},
        nested(32),
        (1, 2),
    ],
)
def test_json_is_accepted(value):
    require_bounded(metadata=value)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (float("nan"), "metadata"),
        ({"a": [0, float("inf")]}, "metadata.a[1]"),
        (2**63, "metadata"),
        (-(2**63) - 1, "metadata"),
        ({"a": "\ud800"}, "metadata.a"),
        ({"\udfff": 1}, "metadata"),
        ({"a": {"b": "x\0"}}, "metadata.a.b"),
        ({"\0": 1}, "metadata"),
        ({1: "a"}, "metadata"),
        ({"a": {1, 2}}, "metadata.a"),
        (b"bytes", "metadata"),
        (object(), "metadata"),
        (nested(33), "metadata" + "[0]" * 33),
        (nested(5_000), "metadata" + "[0]" * 33),
    ],
)
def test_what_no_store_or_neighbour_could_keep_is_not_accepted(value, field):
    with pytest.raises(InvalidInput) as refused:
        require_bounded(description="fine", metadata=value)
    assert [problem.field for problem in refused.value.problems] == [field]


def test_the_bound_counts_bytes_as_json():
    room = FREE_FORM_MAX_BYTES - len('{"a":"","b":""}')
    require_bounded(a="x" * (room - 2), b="é")
    with pytest.raises(InvalidInput) as refused:
        require_bounded(a="x" * (room - 1), b="é")
    assert refused.value.problems[0].field == "a"
    assert f"{FREE_FORM_MAX_BYTES} bytes as JSON, take {FREE_FORM_MAX_BYTES + 1}" in refused.value.message


def test_the_same_json_may_differ_in_the_order_of_keys_only():
    assert is_same_json({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1})
    for other in (True, 1.0, "1", [1], None):
        assert not is_same_json({"a": 1}, {"a": other})
