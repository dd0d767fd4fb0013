"""What cannot be asked."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from application.ports.filters import (
    And,
    Comparison,
    Condition,
    FieldPath,
    IsNull,
    Not,
    OneOf,
    Operator,
    Or,
)
from application.ports.read_models import Collection, Query, ReadModels
from domain.errors import InvalidInput
from tests.contracts.read_models.questions import A, by, field, found, is_, put
from tests.contracts.read_models.stores import SEARCHING, opened
from tests.support.documents import a_model, a_version


@pytest.fixture(scope="module", params=SEARCHING)
def no_models(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadModels]:
    with opened(request, tmp_path_factory.mktemp("none")) as models:
        yield models


@pytest.mark.parametrize(
    ("where", "says"),
    [
        (is_("nmae", "=", "x"), "Did you mean 'name'?"),
        (is_("metadata", "=", "x"), "metadata.team"),
        (is_("name.first", "=", "x"), "no keys"),
        (is_("aggregate_version", "=", "x"), "holds a number"),
        (is_("aggregate_version", "=", True), "holds a number"),
        (is_("name", "=", 7), "holds a text"),
        (is_("created_at", ">", "yesterday"), "RFC 3339"),
        (is_("created_at", ">", "2026-02-30T00:00:00Z"), "created_at"),
        (is_("created_at", ">", "0001-01-01T00:00:00+23:59"), "calendar"),
        (is_("created_at", ">", "2026-01-01"), "RFC 3339"),
        (is_("created_at", "LIKE", "2026%"), "holds an instant"),
        (is_("aggregate_version", "LIKE", "1%"), "holds a number"),
        (is_("name", "LIKE", "x\\"), "backslash"),
        (is_("name", "LIKE", "x" * 501), "500"),
        (is_("metadata.k", "LIKE", 7), "pattern"),
        (is_("metadata.k", "<", True), "= and !="),
        (is_("metrics.auc", ">", float("nan")), "NaN"),
        (IsNull(field=field("aliases")), "by its keys"),
        (OneOf(field=field("name"), literals=("x", 7)), "holds a text"),
        (OneOf(field=field("name"), literals=("x",) * 1_001), "1000"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_by_name(no_models, where, says):
    with pytest.raises(InvalidInput) as refusal:
        found(no_models, And(conditions=(Not(condition=where),)))
    assert [problem.field for problem in refusal.value.problems] == ["filter"]
    assert says in refusal.value.message


def test_a_filter_nested_without_end_is_refused(no_models):
    condition: Condition = is_("name", "=", "x")
    for _ in range(33):
        condition = Not(condition=condition)
    with pytest.raises(InvalidInput, match="nested deeper"):
        found(no_models, condition)


def test_a_long_chain_of_ands_is_not_nesting(empty_models):
    put(empty_models, a_model(A, name="x"))
    condition: Condition = is_("name", "=", "x")
    for _ in range(100):
        condition = And(conditions=(condition, is_("name", "!=", "y")))
    assert found(empty_models, condition) == [A]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("nmae", "Did you mean 'name'?"),
        ("metrics.auc", "order versions"),
        ("metadata", "by its keys"),
        ("type.x", "no keys"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_by_name(no_models, path, says):
    with pytest.raises(InvalidInput) as refusal:
        found(no_models, None, by(path))
    assert [problem.field for problem in refusal.value.problems] == ["order_by"]
    assert says in refusal.value.message


@pytest.mark.parametrize("number", [10**400, -(10**400), float("inf")])
def test_a_number_beyond_all_floats_is_greater_or_less_than_all(empty_models, number):
    put(empty_models, a_model(A, metadata={"k": 1}))
    assert found(empty_models, is_("metadata.k", "<" if number > 0 else ">", number)) == [A]


def test_a_missing_key_of_a_model_is_told_from_that_of_another_beside_a_field_of_versions(empty_models):
    ids = [UUID(int=1), UUID(int=2)]
    with empty_models.page(after=0, upto=1) as rows:
        for id_, metadata in zip(ids, ({"k": 1}, {}), strict=True):
            rows.put(Collection.MODELS, id_, a_model(id_, metadata=metadata), position=1)
            rows.put(Collection.VERSIONS, id_, a_version(id_, id_), position=1)
    missing_or_failed = Or(
        conditions=(
            IsNull(field=FieldPath(root="metadata", key="k")),
            Comparison(field=FieldPath(root="status"), operator=Operator.EQ, literal="archived"),
        )
    )
    found = empty_models.find(Query(collection=Collection.MODELS, where=missing_or_failed, at=1))
    assert [document["id"] for document in found] == [str(ids[1])]
