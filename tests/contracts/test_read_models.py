"""What every implementation of the read models answers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application.ports.filters import (
    And,
    Comparison,
    Condition,
    FieldPath,
    IsNull,
    Literal,
    Not,
    OneOf,
    Operator,
    Or,
    Order,
)
from application.ports.read_models import Collection, ParkedEvent, PositionTaken, Query, ReadModels
from domain.errors import InvalidInput
from infrastructure.read_models.building import Source
from infrastructure.read_models.current import CurrentReadModels
from infrastructure.read_models.dialects import sqlite_url
from infrastructure.read_models.file_generations import FileGenerations
from infrastructure.read_models.opening import open_current
from infrastructure.read_models.sql import SqlReadModels
from tests.support.documents import a_model, a_version
from tests.support.fakes.event_log import InMemoryEventLog
from tests.support.fakes.read_models import InMemoryReadModels
from tests.support.replays import replay_of

MODELS, VERSIONS = Collection.MODELS, Collection.VERSIONS
A, B, C, D = (UUID(int=number) for number in range(1, 5))


@pytest.fixture(params=["in memory", "SQLite", "PostgreSQL", "current generation"])
def empty_read_models(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReadModels]:
    models: InMemoryReadModels | SqlReadModels | CurrentReadModels
    match request.param:
        case "in memory":
            models = InMemoryReadModels()
        case "SQLite":
            models = SqlReadModels(url=sqlite_url(tmp_path / "r.db"))
        case "current generation":
            log = InMemoryEventLog()
            models = open_current(
                generations=FileGenerations(tmp_path),
                source=Source(log=log, replay=replay_of(log), projections=()),
                on_progress=lambda _: None,
            )
        case _:
            models = SqlReadModels(url=request.getfixturevalue("postgres_url"))
    yield models
    models.close()


def field(path: str) -> FieldPath:
    root, _, key = path.partition(".")
    return FieldPath(root=root, key=key or None)


def is_(path: str, operator: str, literal: Literal) -> Comparison:
    return Comparison(field=field(path), operator=Operator(operator), literal=literal)


def put(models: ReadModels, *documents: dict[str, Any], position: int | None = None) -> int:
    """Put each document at a position of its own, or all of them at one, in a page."""
    after = models.position()
    upto = position or after + len(documents)
    with models.page(after=after, upto=upto) as rows:
        for number, document in enumerate(documents, start=after + 1):
            collection = VERSIONS if "model_id" in document else MODELS
            rows.put(collection, UUID(document["id"]), document, position=position or number)
    return upto


def found(
    models: ReadModels,
    where: Condition | None = None,
    *order_by: Order,
    collection: Collection = MODELS,
    **query: Any,
) -> list[UUID]:
    at = query.pop("at", models.position())
    query = Query(collection=collection, where=where, order_by=order_by, at=at, **query)
    return [UUID(document["id"]) for document in models.find(query)]


def by(path: str, *, descending: bool = False) -> Order:
    return Order(field=field(path), descending=descending)


# --- pages and positions


def test_before_the_first_event_there_is_nothing_at_position_zero(empty_read_models):
    assert empty_read_models.position() == 0
    assert empty_read_models.get(MODELS, A) is None
    assert found(empty_read_models) == []


def test_a_document_is_read_as_it_was_put(empty_read_models):
    document = a_model(A, name="churn", metadata={"b": [1, {"c": None}], "a": "\u00e4\x00\ud800", "n": 2**63 - 1})
    put(empty_read_models, document)
    assert empty_read_models.get(MODELS, A) == document
    assert list(empty_read_models.get(MODELS, A)["metadata"]) == ["b", "a", "n"]


def test_a_document_stays_readable_as_it_was_at_every_position(empty_read_models):
    put(empty_read_models, a_model(A, name="one"), a_model(A, name="two"), a_model(B), a_model(A, name="four"))
    names = [(empty_read_models.get(MODELS, A, at=at) or {}).get("name") for at in range(5)]
    assert names == [None, "one", "two", "two", "four"]
    assert empty_read_models.get(MODELS, A)["name"] == "four"
    assert found(empty_read_models, is_("name", "=", "two"), at=3) == [A]
    assert found(empty_read_models, is_("name", "=", "two"), at=4) == []


def test_of_two_documents_at_one_position_the_last_counts(empty_read_models):
    put(empty_read_models, a_model(A, name="first"))
    put(empty_read_models, a_model(A, name="no"), a_model(A, name="last"), position=2)
    assert empty_read_models.get(MODELS, A)["name"] == "last"
    assert empty_read_models.get(MODELS, A, at=1)["name"] == "first"


def test_a_page_that_fails_leaves_nothing_behind(empty_read_models):
    put(empty_read_models, a_model(A))
    page = empty_read_models.page(after=1, upto=9)
    with pytest.raises(ZeroDivisionError), page as rows:  # noqa: PT012 - the failure is inside of the page
        rows.put(MODELS, B, a_model(B), position=2)
        raise ZeroDivisionError
    assert empty_read_models.position() == 1
    assert found(empty_read_models) == [A]


def test_a_page_sees_what_it_has_put(empty_read_models):
    with empty_read_models.page(after=0, upto=1) as rows:
        assert rows.get(MODELS, A) is None
        rows.put(MODELS, A, a_model(A, name="mine"), position=1)
        assert rows.get(MODELS, A)["name"] == "mine"


def test_what_a_page_hands_out_can_be_changed_without_changing_the_document(empty_read_models):
    put(empty_read_models, a_model(A, aliases={}))
    with empty_read_models.page(after=1, upto=2) as rows:
        document = rows.get(MODELS, A)
        document["aliases"]["champion"] = "1.0.0"
        assert rows.get(MODELS, A)["aliases"] == {}
        rows.put(MODELS, A, document, position=2)
    assert empty_read_models.get(MODELS, A)["aliases"] == {"champion": "1.0.0"}


def test_a_page_goes_on_after_a_document_that_it_refused(empty_read_models):
    with empty_read_models.page(after=0, upto=2) as rows:
        with pytest.raises(ValueError):  # noqa: PT011 - any text
            rows.put(MODELS, A, a_model(B), position=1)
        rows.put(MODELS, C, a_model(C), position=2)
    assert found(empty_read_models) == [C]


def test_a_page_may_be_large(empty_read_models):
    ids = [UUID(int=number) for number in range(1, 2_502)]
    put(empty_read_models, *map(a_model, ids), position=1)
    put(empty_read_models, *(a_model(id_, name="again") for id_ in ids), position=2)
    assert empty_read_models.get(MODELS, ids[-1], at=1)["name"] == "model-2501"
    assert found(empty_read_models, is_("name", "=", "again"), limit=3_000) == ids


def test_a_page_that_another_process_has_applied_is_refused(empty_read_models):
    put(empty_read_models, a_model(A))
    with pytest.raises(PositionTaken), empty_read_models.page(after=0, upto=1):
        pass
    assert empty_read_models.position() == 1


def test_a_page_of_events_without_consequence_moves_the_position(empty_read_models):
    with empty_read_models.page(after=0, upto=7):
        pass
    assert empty_read_models.position() == 7


@pytest.mark.parametrize(("after", "upto"), [(0, 0), (3, 2)])
def test_a_page_ends_after_it_begins(empty_read_models, after, upto):
    with pytest.raises(ValueError, match=str(after)), empty_read_models.page(after=after, upto=upto):
        pass


@pytest.mark.parametrize("position", [0, 1, 4])
def test_a_document_is_put_at_a_position_of_its_page(empty_read_models, position):
    put(empty_read_models, a_model(A))
    with pytest.raises(ValueError), empty_read_models.page(after=1, upto=3) as rows:  # noqa: PT011 - any text
        rows.put(MODELS, B, a_model(B), position=position)


def test_a_document_has_the_id_that_it_is_put_under(empty_read_models):
    with pytest.raises(ValueError), empty_read_models.page(after=0, upto=1) as rows:  # noqa: PT011 - any text
        rows.put(MODELS, A, a_model(B), position=1)


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (1, 1.0), (0, False), ("1", 1), (None, ""), ([1], [True]), (10**30, 1e30)]
)
def test_values_of_different_kinds_are_different_values(empty_read_models, one, other):
    put(empty_read_models, a_model(A, metadata={"k": one}), a_model(A, metadata={"k": other}))
    put(empty_read_models, a_model(A, metadata={"k": one}))
    values = [empty_read_models.get(MODELS, A, at=at)["metadata"]["k"] for at in (1, 2, 3)]
    assert [repr(value) for value in values] == [repr(one), repr(other), repr(one)]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()])
def test_a_document_that_is_no_json_is_a_bug_of_its_projection(empty_read_models, value):
    with pytest.raises((ValueError, TypeError)):
        put(empty_read_models, a_model(A, metadata={"k": [value]}))
    assert empty_read_models.position() == 0


# --- filters on fields


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
def test_a_field_is_compared(empty_read_models, path, operator, literal, expected):
    put(
        empty_read_models,
        a_model(A, name="churn", description="x", aggregate_version=1),
        a_model(B, name="\u00fcbung", description="y", aggregate_version=2, created_at="2026-02-01T00:00:00Z"),
        a_model(C, name="Zebra_[1-9]*?", aggregate_version=3, created_at="2026-02-01T00:00:00.000001Z"),
    )
    assert found(empty_read_models, is_(path, operator, literal)) == expected


def test_text_is_compared_by_code_point(empty_read_models):
    put(
        empty_read_models,
        *(a_model(i, name=name) for i, name in [(A, "b"), (B, "B"), (C, "\U0001f600"), (D, "\uffee")]),
    )
    assert found(empty_read_models, None, by("name")) == [B, A, D, C]
    assert found(empty_read_models, is_("name", ">", "\uffee")) == [C]


def test_what_is_missing_compares_with_nothing_and_negation_is_total(empty_read_models):
    put(empty_read_models, a_model(A, description="x"), a_model(B))
    differs = is_("description", "!=", "x")
    assert found(empty_read_models, differs) == []
    assert found(empty_read_models, Not(condition=differs)) == [A, B]
    assert found(empty_read_models, Not(condition=is_("description", "=", "x"))) == [B]
    assert found(empty_read_models, IsNull(field=field("description"))) == [B]
    assert found(empty_read_models, Not(condition=Not(condition=IsNull(field=field("description"))))) == [B]


def test_conditions_are_joined(empty_read_models):
    put(empty_read_models, a_model(A, name="a"), a_model(B, name="b"), a_model(C, name="c"))
    a, b = is_("name", "=", "a"), is_("name", "=", "b")
    assert found(empty_read_models, Or(conditions=(a, b))) == [A, B]
    assert found(empty_read_models, And(conditions=(a, b))) == []
    assert found(empty_read_models, And(conditions=())) == [A, B, C]
    assert found(empty_read_models, Or(conditions=())) == []
    assert found(empty_read_models, OneOf(field=field("name"), literals=("a", "c", "z"))) == [A, C]
    assert found(empty_read_models, OneOf(field=field("name"), literals=())) == []


# --- filters on keys


METADATA = {
    A: {"team": "fraud", "owner": {"name": "Ada"}, "tags": ["eu", "live"], "cost": 3, "gold": True, "none": None},
    B: {"team": "FRAUD", "owner": "Ada", "tags": [], "cost": 3.5, "gold": False, "empty": {}},
    C: {"team": 7, "owner.name": "Ada", "tags": "eu", "cost": "3", "items": [{"kind": "x"}, {"kind": 2}]},
}


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
def test_a_key_is_compared_with_values_of_the_literals_kind(empty_read_models, path, operator, literal, expected):
    put(empty_read_models, *(a_model(id_, metadata=metadata) for id_, metadata in METADATA.items()))
    assert found(empty_read_models, is_(path, operator, literal)) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("none", [A, B, C]), ("tags", []), ("owner", [C]), ("owner.name", [B]), ("empty", [A, C]), ("gold", [C])],
)
def test_a_key_is_null_where_nothing_stands_at_it(empty_read_models, path, expected):
    put(empty_read_models, *(a_model(id_, metadata=metadata) for id_, metadata in METADATA.items()))
    assert found(empty_read_models, IsNull(field=field(f"metadata.{path}"))) == expected


def test_one_of_several_values_of_several_kinds_at_a_key(empty_read_models):
    put(empty_read_models, *(a_model(id_, metadata=metadata) for id_, metadata in METADATA.items()))
    assert found(empty_read_models, OneOf(field=field("metadata.team"), literals=("fraud", 7, True))) == [A, C]


@pytest.mark.parametrize("length", [198, 199, 200, 201, 70_000])
def test_long_texts_and_long_keys_are_told_apart_to_their_end(empty_read_models, length):
    text, key = "x" * length, "k" * length
    put(
        empty_read_models,
        a_model(A, metadata={"text": text + "a", key + "a": 1}),
        a_model(B, metadata={"text": text + "b", key + "b": 1}),
        a_model(C, metadata={"text": text}),
    )
    assert found(empty_read_models, is_("metadata.text", "=", text + "a")) == [A]
    assert found(empty_read_models, is_("metadata.text", "!=", text + "a")) == [B, C]
    assert found(empty_read_models, is_("metadata.text", ">", text + "a")) == [B]
    assert found(empty_read_models, is_("metadata.text", "<=", text + "a")) == [A, C]
    assert found(empty_read_models, is_("metadata.text", "<", text + "a")) == [C]
    assert found(empty_read_models, is_("metadata.text", ">=", text)) == [A, B, C]
    assert found(empty_read_models, is_("metadata.text", "LIKE", "%xb")) == [B]
    assert found(empty_read_models, is_(f"metadata.{key}b", "=", 1)) == [B]
    assert found(empty_read_models, None, by("metadata.text", descending=True)) == [B, A, C]


def test_a_key_is_looked_up_as_it_was_at_the_position(empty_read_models):
    put(
        empty_read_models,
        a_model(A, metadata={"team": "x", "kept": 1}),
        a_model(A, metadata={"kept": 1}),
        a_model(A, metadata={"team": "x", "kept": 1}),
    )
    team, kept = is_("metadata.team", "=", "x"), is_("metadata.kept", "=", 1)
    assert [found(empty_read_models, team, at=at) for at in range(4)] == [[], [A], [], [A]]
    assert [found(empty_read_models, kept, at=at) for at in range(4)] == [[], [A], [A], [A]]


# --- models by their versions


@pytest.fixture
def models_with_versions(empty_read_models: ReadModels) -> ReadModels:
    ids = iter(range(100, 200))

    def version(model_id: UUID, **fields: Any) -> dict[str, Any]:
        return a_version(UUID(int=next(ids)), model_id, **fields)

    put(
        empty_read_models,
        a_model(A, name="split"),
        version(A, status="production", metrics={"auc": 0.8}),
        version(A, version="1.1.0", metrics={"auc": 0.95}),
        a_model(B, name="good"),
        version(B, status="production", metrics={"auc": 0.95}, hyperparameters={"num_leaves": 31}),
        a_model(C, name="bare"),
    )
    return empty_read_models


PRODUCTION, GOOD = is_("status", "=", "production"), is_("metrics.auc", ">", 0.9)


def test_a_model_is_found_by_one_version_that_fulfils_the_whole_condition(models_with_versions):
    assert found(models_with_versions, PRODUCTION) == [A, B]
    assert found(models_with_versions, GOOD) == [A, B]
    assert found(models_with_versions, And(conditions=(GOOD, PRODUCTION))) == [B]
    assert found(models_with_versions, is_("hyperparameters.num_leaves", "=", 31)) == [B]
    assert found(models_with_versions, is_("version", "=", "1.1.0")) == [A]


def test_a_condition_on_versions_is_never_true_of_a_model_without_any(models_with_versions):
    assert found(models_with_versions, Not(condition=PRODUCTION)) == [A]
    assert found(models_with_versions, Or(conditions=(PRODUCTION, is_("name", "=", "bare")))) == [A, B]
    assert found(models_with_versions, IsNull(field=field("metrics.rmse"))) == [A, B]


def test_a_condition_may_speak_of_the_model_and_its_version(models_with_versions):
    named = is_("name", "=", "split")
    assert found(models_with_versions, And(conditions=(named, And(conditions=(GOOD, PRODUCTION))))) == []
    assert found(models_with_versions, And(conditions=(named, And(conditions=(named, GOOD))))) == [A]
    assert found(models_with_versions, Or(conditions=(named, And(conditions=(GOOD, PRODUCTION))))) == [A, B]
    assert found(models_with_versions, Not(condition=Or(conditions=(named, GOOD)))) == []


def test_versions_count_as_they_were_at_the_position(models_with_versions):
    assert found(models_with_versions, And(conditions=(GOOD, PRODUCTION)), at=4) == []
    assert found(models_with_versions, PRODUCTION, at=2) == [A]
    later = models_with_versions.get(VERSIONS, UUID(int=100)) | {"status": "archived"}
    position = put(models_with_versions, later)
    assert found(models_with_versions, PRODUCTION) == [B]
    assert found(models_with_versions, PRODUCTION, at=position - 1) == [A, B]


# --- orders and windows


def test_missing_values_come_last_either_way_and_ids_decide_ties(empty_read_models):
    put(empty_read_models, *(a_model(i, description=d) for i, d in [(D, "x"), (C, None), (B, "x"), (A, "y")]))
    assert found(empty_read_models, None, by("description")) == [B, D, A, C]
    assert found(empty_read_models, None, by("description", descending=True)) == [A, B, D, C]
    assert found(empty_read_models) == [A, B, C, D]
    assert found(empty_read_models, None, by("id", descending=True)) == [D, C, B, A]


def test_a_key_sorts_numbers_before_texts_before_booleans_before_nothing(empty_read_models):
    values = [(A, True), (B, "10"), (C, [5, 1]), (D, 3)]
    put(empty_read_models, a_model(UUID(int=9)), *(a_model(i, metadata={"k": value}) for i, value in values))
    assert found(empty_read_models, None, by("metadata.k")) == [C, D, B, A, UUID(int=9)]
    assert found(empty_read_models, None, by("metadata.k", descending=True)) == [C, D, B, A, UUID(int=9)]


def test_several_keys_sort_one_after_the_other(empty_read_models):
    put(
        empty_read_models,
        a_model(A, type="nlp", metadata={"k": 1}),
        a_model(B, type="clustering", metadata={"k": 2}),
        a_model(C, type="nlp", metadata={"k": 3}),
    )
    assert found(empty_read_models, None, by("type"), by("metadata.k", descending=True)) == [B, C, A]
    assert found(empty_read_models, None, by("metadata.k"), by("type")) == [A, B, C]


def test_a_window_is_cut_from_the_order(empty_read_models):
    put(empty_read_models, *(a_model(UUID(int=i)) for i in range(1, 8)))
    assert [i.int for i in found(empty_read_models, limit=3)] == [1, 2, 3]
    assert [i.int for i in found(empty_read_models, limit=3, offset=5)] == [6, 7]
    assert found(empty_read_models, limit=0) == []
    assert found(empty_read_models, offset=7) == []


# --- what cannot be asked


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
def test_a_filter_that_makes_no_sense_is_refused_by_name(empty_read_models, where, says):
    with pytest.raises(InvalidInput) as refusal:
        found(empty_read_models, And(conditions=(Not(condition=where),)))
    assert [problem.field for problem in refusal.value.problems] == ["filter"]
    assert says in refusal.value.message


def test_a_filter_nested_without_end_is_refused(empty_read_models):
    condition: Condition = is_("name", "=", "x")
    for _ in range(33):
        condition = Not(condition=condition)
    with pytest.raises(InvalidInput, match="nested deeper"):
        found(empty_read_models, condition)


def test_a_long_chain_of_ands_is_not_nesting(empty_read_models):
    put(empty_read_models, a_model(A, name="x"))
    condition: Condition = is_("name", "=", "x")
    for _ in range(100):
        condition = And(conditions=(condition, is_("name", "!=", "y")))
    assert found(empty_read_models, condition) == [A]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("nmae", "Did you mean 'name'?"),
        ("metrics.auc", "order versions"),
        ("metadata", "by its keys"),
        ("type.x", "no keys"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_by_name(empty_read_models, path, says):
    with pytest.raises(InvalidInput) as refusal:
        found(empty_read_models, None, by(path))
    assert [problem.field for problem in refusal.value.problems] == ["order_by"]
    assert says in refusal.value.message


@pytest.mark.parametrize("number", [10**400, -(10**400), float("inf")])
def test_a_number_beyond_all_floats_is_greater_or_less_than_all(empty_read_models, number):
    put(empty_read_models, a_model(A, metadata={"k": 1}))
    assert found(empty_read_models, is_("metadata.k", "<" if number > 0 else ">", number)) == [A]


def test_a_missing_key_of_a_model_is_told_from_that_of_another_beside_a_field_of_versions(empty_read_models):
    ids = [UUID(int=1), UUID(int=2)]
    with empty_read_models.page(after=0, upto=1) as rows:
        for id_, metadata in zip(ids, ({"k": 1}, {}), strict=True):
            rows.put(Collection.MODELS, id_, a_model(id_, metadata=metadata), position=1)
            rows.put(Collection.VERSIONS, id_, a_version(id_, id_), position=1)
    missing_or_failed = Or(
        conditions=(
            IsNull(field=FieldPath(root="metadata", key="k")),
            Comparison(field=FieldPath(root="status"), operator=Operator.EQ, literal="archived"),
        )
    )
    found = empty_read_models.find(Query(collection=Collection.MODELS, where=missing_or_failed, at=1))
    assert [document["id"] for document in found] == [str(ids[1])]


# --- instants


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MICROSECONDS = st.integers(-3, 3) | st.sampled_from([-(10**9), 10**9])
PAGES = st.lists(st.lists(st.tuples(st.integers(1, 3), MICROSECONDS), min_size=1, max_size=4), max_size=4)


def happen(models: ReadModels, *pages: list[tuple[int, datetime]]) -> None:
    """Apply pages of events, each a position and a timestamp."""
    for page in pages:
        with models.page(after=models.position(), upto=page[-1][0]) as rows:
            for position, instant in page:
                rows.happened(instant, position=position)


def test_before_the_first_event_every_instant_means_position_zero(empty_read_models):
    assert empty_read_models.position_at(NOON) == 0


def test_an_instant_means_the_last_position_up_to_which_no_event_is_later(empty_read_models):
    minutes = [0, 5, 3, 5, 9]
    events = [(number, NOON + timedelta(minutes=each)) for number, each in enumerate(minutes, start=1)]
    happen(empty_read_models, events[:2], events[2:])
    positions = [empty_read_models.position_at(NOON + timedelta(minutes=each)) for each in (-1, 0, 3, 5, 8, 9, 99)]
    assert positions == [0, 1, 1, 4, 4, 5, 5]


def test_an_instant_is_the_same_in_every_time_zone(empty_read_models):
    happen(empty_read_models, [(1, NOON), (2, NOON + timedelta(hours=1))])
    assert empty_read_models.position_at(NOON.astimezone(timezone(timedelta(hours=-7)))) == 1


@given(pages=PAGES, asked=st.lists(MICROSECONDS, min_size=1, max_size=5))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_position_at_an_instant_is_where_the_running_maximum_says(empty_read_models, pages, asked):
    position = reached = empty_read_models.position()
    start = NOON + timedelta(hours=position)  # each example goes on, later than those before it
    applied = []
    for page in pages:
        for step, microseconds in page:
            position += step
            applied.append((position, start + timedelta(microseconds=microseconds)))
        happen(empty_read_models, applied[-len(page) :])
    for instant in (start + timedelta(microseconds=each) for each in asked):
        until = [each for each, happened in applied if happened > instant]
        before = [each for each, _ in applied if not until or each < until[0]]
        assert empty_read_models.position_at(instant) == (before[-1] if before else reached)


def test_lists_by_age_are_of_what_there_was_then_also_where_clocks_stepped_back(empty_read_models):
    instants = [NOON + timedelta(minutes=each) for each in (5, 3, 9, 7)]
    for position, (id_, instant) in enumerate(zip((A, B, C, D), instants, strict=True), start=1):
        with empty_read_models.page(after=position - 1, upto=position) as rows:
            rows.happened(instant, position=position)
            rows.put(MODELS, id_, a_model(id_, name="x", created_at=instant.isoformat()), position=position)
    youngest_first = by("created_at", descending=True)
    named = is_("name", "=", "x")
    for at, expected in ((0, []), (1, [A]), (2, [A, B]), (3, [C, A, B]), (4, [C, D, A, B])):
        assert found(empty_read_models, None, youngest_first, at=at) == expected
        assert found(empty_read_models, named, youngest_first, at=at) == expected


# --- events that cannot be read


def test_events_that_were_parked_are_told_in_order(empty_read_models):
    parked = [
        ParkedEvent(position=each, topic=f"model.dreamt.v{each}", error="no such topic") for each in (2, 3, 7)
    ]
    assert empty_read_models.parked() == []
    with empty_read_models.page(after=0, upto=4) as rows:
        for each in parked[:2]:
            rows.park(each)
    with empty_read_models.page(after=4, upto=7) as rows:
        rows.park(parked[2])
    assert empty_read_models.parked() == parked


def test_what_a_failed_page_parked_is_forgotten(empty_read_models):
    page = empty_read_models.page(after=0, upto=1)
    with pytest.raises(ZeroDivisionError), page as rows:  # noqa: PT012 - the failure is inside of the page
        rows.happened(NOON, position=1)
        rows.park(ParkedEvent(position=1, topic="model.dreamt.v9", error="no such topic"))
        raise ZeroDivisionError
    assert empty_read_models.parked() == []
    assert empty_read_models.position_at(NOON) == 0


def test_a_document_tells_at_which_positions_it_became_another(empty_read_models: ReadModels) -> None:
    put(empty_read_models, a_model(A), a_model(B), a_model(A, name="x"), a_model(A, name="x"), a_model(A))
    for upto, expected in ((0, []), (1, [1]), (2, [1]), (4, [1, 3]), (5, [1, 3, 5]), (99, [1, 3, 5])):
        assert empty_read_models.changed_at(MODELS, A, upto=upto) == expected
    assert empty_read_models.changed_at(VERSIONS, A, upto=5) == []


# --- much, long and strange


def test_as_many_alternatives_as_a_filter_may_have_are_answered(empty_read_models):
    put(empty_read_models, *(a_model(UUID(int=i), metadata={"k": i, "t": str(i)}) for i in range(1, 9)))
    numbers = tuple(is_("metadata.k", "=", number) for number in range(1_000))
    assert len(found(empty_read_models, Or(conditions=numbers))) == 8
    assert len(found(empty_read_models, OneOf(field=field("metadata.k"), literals=tuple(range(1_000))))) == 8
    texts = tuple(f"{number:0300}" for number in range(999))
    assert found(empty_read_models, OneOf(field=field("metadata.t"), literals=("3", *texts))) == [UUID(int=3)]
    assert len(found(empty_read_models, And(conditions=tuple(Not(condition=each) for each in numbers)))) == 0


@pytest.mark.parametrize("name", ["\U0001f600" * 255, "\u00e4" * 255, "\x00" * 255, "%" * 255])
def test_the_longest_names_are_found(empty_read_models, name):
    put(empty_read_models, a_model(A, name=name), a_model(B))
    assert found(empty_read_models, is_("name", "=", name)) == [A]


def test_keys_and_texts_of_the_widest_characters_are_indexed(empty_read_models):
    key, text_ = "\U0001f511" * 300, "\U0001f600" * 70_000
    put(empty_read_models, a_model(A, metadata={key: text_}), a_model(B, metadata={key: text_ + "x"}))
    assert found(empty_read_models, is_(f"metadata.{key}", "=", text_)) == [A]
    assert found(empty_read_models, None, by(f"metadata.{key}", descending=True)) == [B, A]


@pytest.mark.parametrize("number", [2**63, -(2**64), 10**300, 10**400, -(10**400), 2**53 + 1])
def test_numbers_beyond_what_databases_hold_are_kept_and_compared(empty_read_models, number):
    put(empty_read_models, a_model(A, metadata={"k": number}), a_model(B, metadata={"k": 0}))
    assert empty_read_models.get(MODELS, A)["metadata"]["k"] == number
    assert found(empty_read_models, is_("metadata.k", "=", number)) == [A]
    assert found(empty_read_models, None, by("metadata.k")) == ([B, A] if number > 0 else [A, B])


def test_a_window_may_lie_beyond_everything(empty_read_models):
    put(empty_read_models, a_model(A, metadata={"k": 1}))
    most = 2**63 - 1
    assert found(empty_read_models, limit=most, offset=0) == [A]
    assert found(empty_read_models, limit=most, offset=most) == []
    assert found(empty_read_models, None, by("metadata.k"), limit=most, offset=most) == []


def test_windows_of_an_order_by_key_follow_each_other_through_all_kinds_of_values(empty_read_models):
    values = [3, 1, "b", "a", True, None, [], 2, "a" * 300, False, {"x": 1}]
    put(
        empty_read_models,
        *(a_model(UUID(int=i), metadata={} if v is None else {"k": v}) for i, v in enumerate(values, start=1)),
    )
    for order in (by("metadata.k"), by("metadata.k", descending=True)):
        everything = found(empty_read_models, None, order)
        windows = [found(empty_read_models, None, order, limit=2, offset=start) for start in range(0, 12, 2)]
        assert [id_ for window in windows for id_ in window] == everything
        assert len(everything) == len(values)


@pytest.mark.parametrize("where", [None, is_("metadata.odd", "=", True)])
@pytest.mark.parametrize("descending", [False, True])
def test_windows_follow_each_other_through_documents_that_share_a_value(empty_read_models, where, descending):
    numbers = range(1, 61)
    put(
        empty_read_models,
        *(
            a_model(
                UUID(int=i), name=f"n{i % 2}", metadata={"tie": i % 3, "second": i * 7 % 10, "odd": i % 2 == 1}
            )
            for i in numbers
        ),
        a_model(UUID(int=61), name="n0", metadata={"tie": "text", "odd": True}),
        a_model(UUID(int=62), name="n1", metadata={"second": 3, "odd": True}),
    )
    tie = by("metadata.tie", descending=descending)
    for orders in ((tie,), (tie, by("metadata.second", descending=True)), (by("name"), tie), (tie, by("name"))):
        everything = found(empty_read_models, where, *orders, limit=100)
        assert len(everything) == (62 if where is None else 32)
        windows = [found(empty_read_models, where, *orders, limit=7, offset=start) for start in range(0, 70, 7)]
        assert [id_ for window in windows for id_ in window] == everything
    ties = [UUID(int=i) for i in numbers if i % 3 == (2 if descending else 0)]
    assert found(empty_read_models, None, tie, limit=20) == ties


@pytest.mark.parametrize("start", ["\ud7ff", "\U0010ffff", "a\U0010ffff", "\x7f", "\uffff"])
def test_a_pattern_finds_what_begins_so_at_every_edge_of_the_code_points(empty_read_models, start):
    put(
        empty_read_models,
        a_model(A, name=start, metadata={"k": start + "x"}),
        a_model(B, name=start + "\U0010ffff", metadata={"k": start + "\ue000"}),
        a_model(C, name="\ue000", metadata={"k": "\ue000"}),
    )
    assert found(empty_read_models, is_("name", "LIKE", start + "%")) == [A, B]
    assert found(empty_read_models, is_("metadata.k", "LIKE", start + "%")) == [A, B]
    assert found(empty_read_models, is_("metadata.k", "LIKE", start + "_")) == [A, B]
