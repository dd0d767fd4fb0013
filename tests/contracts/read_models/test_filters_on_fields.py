"""Filters on the fields of documents."""

from collections.abc import Iterator

import pytest

from application.ports.filters import (
    And,
    IsNull,
    Not,
    OneOf,
    Or,
)
from application.ports.read_models import ReadModels
from tests.contracts.read_models.questions import A, B, C, D, by, field, found, is_, put
from tests.contracts.read_models.stores import SEARCHING, opened
from tests.support.documents import a_model


@pytest.fixture(scope="module", params=SEARCHING)
def three_models(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadModels]:
    with opened(request, tmp_path_factory.mktemp("three")) as models:
        put(
            models,
            a_model(A, name="churn", description="x", aggregate_version=1),
            a_model(B, name="\u00fcbung", description="y", aggregate_version=2, created_at="2026-02-01T00:00:00Z"),
            a_model(C, name="Zebra_[1-9]*?", aggregate_version=3, created_at="2026-02-01T00:00:00.000001Z"),
        )
        yield models


@pytest.mark.parametrize(
    ("path", "operator", "literal", "expected"),
    [
        ("name", "=", "churn", [A]),
        ("name", "!=", "churn", [B, C]),
        ("name", "<", "b", [C]),
        ("name", ">", "Zebra", [A, B, C]),
        ("description", "=", "x", [A]),
        ("description", "!=", "x", [B]),
        ("aggregate_version", ">=", 2, [B, C]),
        ("aggregate_version", "=", 2.0, [B]),
        ("aggregate_version", "<", 2.5, [A, B]),
        ("created_at", "<", "2026-02-01T01:00:00+01:00", [A]),
        ("created_at", ">=", "2026-02-01t00:00:00.0000000z", [B, C]),
        ("name", "LIKE", "%u%", [A, B]),
        ("name", "LIKE", "_hurn", [A]),
        ("name", "LIKE", "CHURN", []),
        ("name", "ILIKE", "CH_RN", [A]),
        ("name", "LIKE", "%", [A, B, C]),
        ("name", "LIKE", r"100\%", []),
        ("name", "LIKE", r"Zebra\_[1-9]*?", [C]),
        ("name", "ILIKE", r"zEBRA\_[1-9]*?", [C]),
        ("name", "LIKE", "Zebra_[%", [C]),
        ("name", "LIKE", "Zebra_1%", []),
        ("name", "ILIKE", "\u00dcbung%", []),
        ("name", "ILIKE", "\u00fcBUNG", [B]),
    ],
)
def test_a_field_is_compared(three_models, path, operator, literal, expected):
    assert found(three_models, is_(path, operator, literal)) == expected


def test_text_is_compared_by_code_point(empty_models):
    put(
        empty_models,
        *(a_model(i, name=name) for i, name in [(A, "b"), (B, "B"), (C, "\U0001f600"), (D, "\uffee")]),
    )
    assert found(empty_models, None, by("name")) == [B, A, D, C]
    assert found(empty_models, is_("name", ">", "\uffee")) == [C]


def test_what_is_missing_compares_with_nothing_and_negation_is_total(empty_models):
    put(empty_models, a_model(A, description="x"), a_model(B))
    differs = is_("description", "!=", "x")
    assert found(empty_models, differs) == []
    assert found(empty_models, Not(condition=differs)) == [A, B]
    assert found(empty_models, Not(condition=is_("description", "=", "x"))) == [B]
    assert found(empty_models, IsNull(field=field("description"))) == [B]
    assert found(empty_models, Not(condition=Not(condition=IsNull(field=field("description"))))) == [B]


def test_conditions_are_joined(empty_models):
    put(empty_models, a_model(A, name="a"), a_model(B, name="b"), a_model(C, name="c"))
    a, b = is_("name", "=", "a"), is_("name", "=", "b")
    assert found(empty_models, Or(conditions=(a, b))) == [A, B]
    assert found(empty_models, And(conditions=(a, b))) == []
    assert found(empty_models, And(conditions=())) == [A, B, C]
    assert found(empty_models, Or(conditions=())) == []
    assert found(empty_models, OneOf(field=field("name"), literals=("a", "c", "z"))) == [A, C]
    assert found(empty_models, OneOf(field=field("name"), literals=())) == []
