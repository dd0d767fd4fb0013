"""Filters on what users have put into documents, under keys of their own."""

from collections.abc import Iterator

import pytest

from application.ports.filters import (
    IsNull,
    OneOf,
)
from application.ports.read_models import ReadModels
from tests.contracts.read_models.questions import A, B, C, by, field, found, is_, put
from tests.contracts.read_models.stores import SEARCHING, opened
from tests.support.documents import a_model

METADATA = {
    A: {"team": "fraud", "owner": {"name": "Ada"}, "tags": ["eu", "live"], "cost": 3, "gold": True, "none": None},
    B: {"team": "FRAUD", "owner": "Ada", "tags": [], "cost": 3.5, "gold": False, "empty": {}},
    C: {"team": 7, "owner.name": "Ada", "tags": "eu", "cost": "3", "items": [{"kind": "x"}, {"kind": 2}]},
}


@pytest.fixture(scope="module", params=SEARCHING)
def described_models(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ReadModels]:
    with opened(request, tmp_path_factory.mktemp("described")) as models:
        put(models, *(a_model(id_, metadata=metadata) for id_, metadata in METADATA.items()))
        yield models


@pytest.mark.parametrize(
    ("path", "operator", "literal", "expected"),
    [
        ("metadata.team", "=", "fraud", [A]),
        ("metadata.team", "!=", "fraud", [B]),
        ("metadata.team", "ILIKE", "fr%", [A, B]),
        ("metadata.team", "=", 7, [C]),
        ("metadata.owner.name", "=", "Ada", [A, C]),
        ("metadata.owner", "=", "Ada", [B]),
        ("metadata.tags", "=", "eu", [A, C]),
        ("metadata.tags", "!=", "eu", [A]),
        ("metadata.cost", "=", 3, [A]),
        ("metadata.cost", ">", 3.0, [B]),
        ("metadata.cost", ">=", "3", [C]),
        ("metadata.gold", "=", True, [A]),
        ("metadata.gold", "!=", True, [B]),
        ("metadata.gold", "=", 1, []),
        ("metadata.items.kind", "=", "x", [C]),
        ("metadata.items.kind", "=", 2, [C]),
        ("metadata.nothing", "!=", "x", []),
    ],
)
def test_a_key_is_compared_with_values_of_the_literals_kind(described_models, path, operator, literal, expected):
    assert found(described_models, is_(path, operator, literal)) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("none", [A, B, C]), ("tags", []), ("owner", [C]), ("owner.name", [B]), ("empty", [A, C]), ("gold", [C])],
)
def test_a_key_is_null_where_nothing_stands_at_it(described_models, path, expected):
    assert found(described_models, IsNull(field=field(f"metadata.{path}"))) == expected


def test_one_of_several_values_of_several_kinds_at_a_key(described_models):
    assert found(described_models, OneOf(field=field("metadata.team"), literals=("fraud", 7, True))) == [A, C]


@pytest.mark.parametrize("length", [198, 199, 200, 201, 70_000])
def test_long_texts_and_long_keys_are_told_apart_to_their_end(empty_models, length):
    text, key = "x" * length, "k" * length
    put(
        empty_models,
        a_model(A, metadata={"text": text + "a", key + "a": 1}),
        a_model(B, metadata={"text": text + "b", key + "b": 1}),
        a_model(C, metadata={"text": text}),
    )
    assert found(empty_models, is_("metadata.text", "=", text + "a")) == [A]
    assert found(empty_models, is_("metadata.text", "!=", text + "a")) == [B, C]
    assert found(empty_models, is_("metadata.text", ">", text + "a")) == [B]
    assert found(empty_models, is_("metadata.text", "<=", text + "a")) == [A, C]
    assert found(empty_models, is_("metadata.text", "<", text + "a")) == [C]
    assert found(empty_models, is_("metadata.text", ">=", text)) == [A, B, C]
    assert found(empty_models, is_("metadata.text", "LIKE", "%xb")) == [B]
    assert found(empty_models, is_(f"metadata.{key}b", "=", 1)) == [B]
    assert found(empty_models, None, by("metadata.text", descending=True)) == [B, A, C]


def test_a_key_is_looked_up_as_it_was_at_the_position(empty_models):
    put(
        empty_models,
        a_model(A, metadata={"team": "x", "kept": 1}),
        a_model(A, metadata={"kept": 1}),
        a_model(A, metadata={"team": "x", "kept": 1}),
    )
    team, kept = is_("metadata.team", "=", "x"), is_("metadata.kept", "=", 1)
    assert [found(empty_models, team, at=at) for at in range(4)] == [[], [A], [], [A]]
    assert [found(empty_models, kept, at=at) for at in range(4)] == [[], [A], [A], [A]]
