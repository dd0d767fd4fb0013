"""The quick reading of instances gives the numbers of the domain's own, or leaves the word to it."""

import gc
import weakref
from contextlib import suppress
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from application.ports.predictor import rows_of
from domain.errors import InvalidInput
from domain.inference.conformance import Schema
from domain.inference.errors import NonConformingInstance
from domain.inference.values import Feature, FeatureType
from interfaces.inference.asked import INSTANCES_MAX, GuessedWrong, guess, parse_body
from interfaces.inference.instances import TYPED_FEATURES_MAX, InstanceDecoder, InstanceDecoders
from interfaces.requests.problems import NotJson
from tests.support.fakes.predictors import FakePredictor

SCHEMA = Schema(
    [
        Feature(name="age", type=FeatureType.NUMERIC),
        Feature(name="city of birth", type=FeatureType.CATEGORICAL, categories=("Bern", "Zürich", "")),
        Feature(name="größe", type=FeatureType.NUMERIC),
        Feature(name="member", type=FeatureType.BOOLEAN),
    ]
)
DECODER = InstanceDecoder(SCHEMA)

numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**64 - 1)
cells = st.none() | numbers | st.booleans() | st.text(max_size=5) | st.sampled_from(["Bern", "Zürich", "Basel"])
fitting = st.fixed_dictionaries(
    {
        "age": st.none() | numbers,
        "city of birth": st.none() | st.sampled_from(["Bern", "Zürich", "", "Basel", "bern"]),
        "größe": st.none() | numbers,
        "member": st.none() | st.booleans(),
    }
).flatmap(lambda instance: st.permutations(list(instance.items())).map(dict))
instances = fitting | st.dictionaries(st.sampled_from([*SCHEMA.names, "ag", "x"]), cells) | cells | st.lists(cells)


def asked(features: Any) -> Any:
    return parse_body(orjson.dumps({"model_id": "m", "features": features}))


def by_the_domain(features: list[Any]) -> Any:
    return rows_of(SCHEMA, SCHEMA.conform(features)).numbers


@given(st.lists(fitting, max_size=8))
def test_what_conforms_becomes_the_domains_numbers(features: list[Any]) -> None:
    expected = by_the_domain(features)
    found = DECODER.rows(asked(features)).numbers
    assert found.dtype == np.float64
    assert found.tobytes() == expected.tobytes()
    for instance, row in zip(features, expected, strict=True):
        assert np.array(DECODER.row(asked(instance)), dtype=np.float64).tobytes() == row.tobytes()


@given(st.lists(instances, max_size=4))
@example([{"age": 1, "city of birth": "Bern", "größe": True, "member": None}])
def test_what_does_not_is_told_in_the_domains_words(features: list[Any]) -> None:
    try:
        expected = by_the_domain(features)
    except NonConformingInstance as error:
        problems = error.problems
    else:
        assert DECODER.rows(asked(features)).numbers.tobytes() == expected.tobytes()
        return
    with pytest.raises(NonConformingInstance) as found:
        DECODER.rows(asked(features))
    assert found.value.problems == problems


damage = st.tuples(
    st.integers(0, 400), st.binary(max_size=2) | st.sampled_from([b'"', b",", b"1e999", b"\xff", b"\\"])
)


@given(st.lists(fitting, min_size=1, max_size=2), st.lists(damage, min_size=1, max_size=3))
def test_damaged_bodies_are_read_as_strictly_as_all_json_is(features: list[Any], damages: list[Any]) -> None:
    body = bytearray(orjson.dumps({"model_id": "m", "features": features}))
    for place, piece in damages:
        body[place % len(body) : place % len(body) + len(piece)] = piece
    if (guessed := guess(bytes(body))) is not None and not guessed.is_single:
        with suppress(GuessedWrong):  # what it gives is what the whole body says
            assert (
                DECODER.rows(guessed).numbers.tobytes() == DECODER.rows(parse_body(bytes(body))).numbers.tobytes()
            )
    try:
        found = parse_body(bytes(body))
        rows = (
            DECODER.rows(found).numbers
            if not found.is_single
            else np.array([DECODER.row(found)], dtype=np.float64)
        )
    except (NotJson, InvalidInput):
        return
    document = orjson.loads(bytes(body))["features"]
    expected = by_the_domain(document if isinstance(document, list) else [document])
    assert rows.tobytes() == expected.tobytes()


def test_a_single_instance_is_told_what_is_wrong_without_a_place_in_a_list() -> None:
    with pytest.raises(NonConformingInstance) as found:
        DECODER.row(asked({"age": "x", "city of birth": None, "größe": None, "member": None}))
    assert [problem.field for problem in found.value.problems] == ["features.age"]


@pytest.mark.parametrize(
    ("body", "request_"),
    [
        (b'{"model_id":"m","features":[]}', ("m", None)),
        (b' {\n"model_id" : "gr\xc3\xb6\xc3\x9fe" ,"version":null,\t"features": [] } \r\n', ("größe", None)),
        (b'{"model_id":"m","version":"2","features":{"age":1}}', ("m", "2")),
    ],
)
def test_most_bodies_are_known_by_their_beginning(body: bytes, request_: tuple[str, str | None]) -> None:
    guessed, found = guess(body), parse_body(body)
    assert guessed is not None
    assert (guessed.request, found.request) == (request_, request_)
    assert bytes(guessed.features) == bytes(found.features).strip() or not bytes(guessed.features).strip(b" []")


@pytest.mark.parametrize(
    "body",
    [
        b'{"features":[],"model_id":"m"}',
        b'{"model_id":"m\\u0041","features":[]}',
        b'{"model_id":"\xff","features":[]}',
        b'{"model_id":"m","features":7}',
        b'{"model_id":"m","features":[]',
        b'["model_id"]',
        b"",
    ],
)
def test_of_other_bodies_nothing_is_guessed(body: bytes) -> None:
    assert guess(body) is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"model_id":"m","features":[],"version":"2"}',
        b'{"model_id":"m","features":[],"model_id":"n"}',
        b'{"model_id":"m","features":[],"features":[]}',
        b'{"model_id":"m","features":[{"age":1}]}',
        b'{"model_id":"m","features":[}]}',
    ],
)
def test_a_guess_never_holds_where_something_follows_or_does_not_conform(body: bytes) -> None:
    guessed = guess(body)
    assert guessed is not None
    with pytest.raises(GuessedWrong):
        DECODER.rows(guessed)


def test_a_field_that_stands_there_twice_means_the_last_one() -> None:
    found = parse_body(b'{"model_id":5,"model_id":"m","features":7,"features":[]}')
    assert found.request == ("m", None)
    assert DECODER.rows(found).numbers.shape == (0, 4)


@pytest.mark.parametrize(
    "names",
    [
        ['with "quotes"', "and \\", "and \n"],
        [f"f{place}" for place in range(TYPED_FEATURES_MAX + 1)],
    ],
)
def test_names_that_msgspec_cannot_read_quickly_are_read_all_the_same(names: list[str]) -> None:
    decoder = InstanceDecoder(Schema([Feature(name=name, type=FeatureType.NUMERIC) for name in names]))
    instance = {name: float(place) for place, name in enumerate(names)}
    expected = [float(place) for place in range(len(names))]
    assert decoder.row(asked(instance)) == expected
    assert decoder.rows(asked([instance, instance])).numbers.tolist() == [expected, expected]


def test_more_instances_than_one_request_may_have_are_refused() -> None:
    with pytest.raises(InvalidInput, match="send several requests"):
        DECODER.rows(asked([None] * (INSTANCES_MAX + 1)))


def test_an_empty_cell_of_each_kind_is_a_missing_value() -> None:
    row = DECODER.row(asked(dict.fromkeys(SCHEMA.names)))
    assert list(row) == [None] * len(SCHEMA.names)


def test_a_version_is_prepared_once_and_forgotten_when_it_leaves_memory() -> None:
    decoders = InstanceDecoders()
    predictor = FakePredictor()
    assert decoders.of(predictor) is decoders.of(predictor)
    kept = weakref.ref(decoders.of(predictor))
    del predictor
    gc.collect()
    assert kept() is None
