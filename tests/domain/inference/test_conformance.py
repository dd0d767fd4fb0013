"""Instances must have the features that a version was trained on."""

import math

import pytest

from domain.errors import PROBLEMS_MAX
from domain.inference.conformance import Schema
from domain.inference.errors import NonConformingInstance
from domain.inference.values import Feature, FeatureType

SCHEMA = Schema(
    [
        Feature(name="age", type=FeatureType.NUMERIC),
        Feature(name="city", type=FeatureType.CATEGORICAL, categories=("Bern", "Basel", "")),
        Feature(name="smoker", type=FeatureType.BOOLEAN),
    ]
)
NAN = math.nan


def an_instance(**changed):
    return {"age": 41, "city": "Bern", "smoker": True, **changed}


def same(one, other):
    return one == other or (math.isnan(one) and math.isnan(other))


def problems_of(*instances):
    with pytest.raises(NonConformingInstance) as refused:
        SCHEMA.conform(instances)
    assert refused.value.code == "inference.non-conforming"
    return [(problem.field, problem.message) for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("changed", "row"),
    [
        ({}, [41.0, 0.0, 1.0]),
        ({"age": 1.5}, [1.5, 0.0, 1.0]),
        ({"age": 0}, [0.0, 0.0, 1.0]),
        ({"age": -(2**60)}, [-float(2**60), 0.0, 1.0]),
        ({"age": None}, [NAN, 0.0, 1.0]),
        ({"age": NAN}, [NAN, 0.0, 1.0]),
        ({"city": "Basel"}, [41.0, 1.0, 1.0]),
        ({"city": ""}, [41.0, 2.0, 1.0]),
        ({"city": None}, [41.0, NAN, 1.0]),
        ({"city": "Genf"}, [41.0, NAN, 1.0]),
        ({"city": "bern"}, [41.0, NAN, 1.0]),
        ({"smoker": False}, [41.0, 0.0, 0.0]),
        ({"smoker": None}, [41.0, 0.0, NAN]),
    ],
)
def test_an_instance_becomes_a_row_of_numbers(changed, row):
    (found,) = SCHEMA.conform([an_instance(**changed)])
    assert len(found) == len(row)
    assert all(same(one, other) for one, other in zip(found, row, strict=True))


def test_the_order_of_keys_does_not_matter():
    reversed_instance = dict(reversed(an_instance().items()))
    assert SCHEMA.conform([reversed_instance]) == SCHEMA.conform([an_instance()])


def test_many_instances_become_as_many_rows_in_their_order():
    rows = SCHEMA.conform([an_instance(age=age) for age in range(100)])
    assert [row[0] for row in rows] == list(range(100))
    assert SCHEMA.conform([]) == []


@pytest.mark.parametrize(
    ("changed", "field", "message"),
    [
        ({"age": "41"}, "age", "must be a number or null, is text."),
        ({"age": True}, "age", "must be a number or null, is a boolean."),
        ({"age": [41]}, "age", "must be a number or null, is a list."),
        ({"age": {}}, "age", "must be a number or null, is an object."),
        ({"age": 10**400}, "age", "is too large for a number."),
        ({"age": math.inf}, "age", "must be a finite number or null."),
        ({"age": -math.inf}, "age", "must be a finite number or null."),
        ({"city": 1}, "city", "must be text or null, is a number."),
        ({"city": ["Bern"]}, "city", "must be text or null, is a list."),
        ({"smoker": 1}, "smoker", "must be true, false or null, is a number."),
        ({"smoker": "true"}, "smoker", "must be true, false or null, is text."),
    ],
)
def test_a_value_of_the_wrong_type_is_named(changed, field, message):
    assert problems_of(an_instance(), an_instance(**changed)) == [(f"features[1].{field}", message)]


def test_an_unknown_feature_is_named_with_the_nearest_that_is_absent():
    instance = an_instance()
    instance["Smokr"] = instance.pop("smoker")
    assert problems_of(instance) == [
        ("features[0].Smokr", "is no feature of this version. Did you mean 'smoker'?"),
        ("features[0].smoker", "is missing; send null when its value is not known."),
    ]


def test_an_unknown_feature_beside_all_others_is_named():
    assert problems_of(an_instance(colour="red")) == [("features[0].colour", "is no feature of this version.")]
    assert problems_of(an_instance(agee=1)) == [
        ("features[0].agee", "is no feature of this version. Did you mean 'age'?")
    ]


def test_an_absent_feature_is_not_a_missing_value():
    assert problems_of({"age": 1, "city": "Bern"}) == [
        ("features[0].smoker", "is missing; send null when its value is not known.")
    ]


def test_all_that_is_wrong_is_named_at_once():
    assert [field for field, _ in problems_of(an_instance(age="x", city=1), {}, an_instance(smoker=0))] == [
        "features[0].age",
        "features[0].city",
        "features[1].age",
        "features[1].city",
        "features[1].smoker",
        "features[2].smoker",
    ]


@pytest.mark.parametrize(
    ("instance", "kind"), [([1, "Bern", True], "a list"), ("age", "text"), (7, "a number"), (None, "null")]
)
def test_an_instance_is_an_object(instance, kind):
    assert problems_of(an_instance(), instance) == [("features[1]", f"must be an object of features, is {kind}.")]


def test_of_endless_problems_the_first_are_named():
    assert len(problems_of({f"unknown-{place}": 1 for place in range(100_000)})) == PROBLEMS_MAX
    assert len(problems_of(*[{}] * 10_000)) == PROBLEMS_MAX
