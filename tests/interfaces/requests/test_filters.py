"""Filters and sort keys say what they are read as; what cannot be read is refused with the place and a hint."""

from contextlib import suppress
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.ports.filters import And, Comparison, FieldPath, IsNull, Not, OneOf, Operator, Or, Order
from domain.errors import InvalidInput
from interfaces.requests.filters import (
    CONDITIONS_MAX,
    FILTER_MAX_CHARS,
    parse_filter,
    parse_order_by,
    written_condition,
    written_orders,
)

_words = st.text(st.characters(exclude_characters="`"), min_size=1, max_size=8)
_fields = st.builds(FieldPath, root=_words, key=st.none() | _words)
_literals = (
    st.text(max_size=10)
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)
_comparisons = st.builds(
    Comparison,
    field=_fields,
    operator=st.sampled_from([each for each in Operator if "LIKE" not in each]),
    literal=_literals,
)
_patterns = st.builds(
    Comparison,
    field=_fields,
    operator=st.sampled_from([Operator.LIKE, Operator.ILIKE]),
    literal=st.text(max_size=10),
)
_leaves = (
    _comparisons
    | _patterns
    | st.builds(OneOf, field=_fields, literals=st.lists(_literals, min_size=1, max_size=4).map(tuple))
    | st.builds(IsNull, field=_fields)
)


def _joined(inner):
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, condition=inner) | st.builds(And, conditions=several) | st.builds(Or, conditions=several)


conditions = st.recursive(_leaves, _joined, max_leaves=8)
orders = st.lists(st.builds(Order, field=_fields, descending=st.booleans()), min_size=1, max_size=4).map(tuple)


def equals(root, literal, key=None):
    return Comparison(field=FieldPath(root=root, key=key), operator=Operator.EQ, literal=literal)


def matches(root, operator, pattern):
    return Comparison(field=FieldPath(root=root), operator=operator, literal=pattern)


def problem_of(text, parse=parse_filter):
    with pytest.raises(InvalidInput) as raised:
        parse(text)
    (problem,) = raised.value.problems
    return problem


@given(conditions)
def test_a_condition_that_is_written_is_read_as_the_same(condition):
    text = written_condition(condition)
    read = parse_filter(text) if len(text) <= FILTER_MAX_CHARS else condition
    assert read == condition
    assert repr(read) == repr(condition)


@given(orders)
def test_sort_keys_that_are_written_are_read_as_the_same(keys):
    assert parse_order_by(written_orders(keys)) == keys


@given(st.text(st.sampled_from("ab'\"`.()<>=!,% \n1-") | st.characters(), max_size=40))
def test_any_text_is_read_or_refused(text):
    with suppress(InvalidInput):
        parse_filter(text)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("name = 'it''s'", equals("name", "it's")),
        ("metrics.auc = .5", equals("metrics", 0.5, "auc")),
        ("metadata.team.name = 'x'", equals("metadata", "x", "team.name")),
        ('metadata."my key".`an ``odd`` one` = -3', equals("metadata", -3, "my key.an `odd` one")),
        ("metadata.2024 = TRUE", equals("metadata", True, "2024")),
        ("metadata.in = false", equals("metadata", False, "in")),
        ("orders = 1", equals("orders", 1)),
        ("not-a-number = 1", equals("not-a-number", 1)),
        ("größe = 1", equals("größe", 1)),
        ("a = 99999999999999999999", equals("a", 1e20)),
        ("a is Not nuLL", Not(condition=IsNull(field=FieldPath(root="a")))),
        ("a not LIKE 'x'", Not(condition=matches("a", Operator.LIKE, "x"))),
        ("a NOT ilike 'x'", Not(condition=matches("a", Operator.ILIKE, "x"))),
        ("NOT a NOT LIKE 'x'", Not(condition=Not(condition=matches("a", Operator.LIKE, "x")))),
        ("a NOT IN (1, 'x')", Not(condition=OneOf(field=FieldPath(root="a"), literals=(1, "x")))),
        ("a IN ('x')", OneOf(field=FieldPath(root="a"), literals=("x",))),
        (" \n(((a=1)))\t", equals("a", 1)),
    ],
)
def test_a_filter_means_what_a_reader_takes_it_for(text, condition):
    assert parse_filter(text) == condition


def test_not_binds_tighter_than_and_and_that_tighter_than_or():
    a, b, c = (equals(name, 1) for name in "abc")
    assert parse_filter("a=1 or not b=1 and c=1") == Or(conditions=(a, And(conditions=(Not(condition=b), c))))
    assert parse_filter("(a=1 OR b=1) AND c=1") == And(conditions=(Or(conditions=(a, b)), c))


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("", 1, "a field"),
        ("name", 5, "IS"),
        ("name", 5, "LIKE or ILIKE"),
        ("name CONTAINS 'x'", 6, "IN, IS, LIKE or ILIKE, NOT, one of = != < <= > >=."),
        ("name NOT 'x'", 10, "IN, LIKE or ILIKE."),
        ("(a = 1 && b = 1)", 8, "')', AND, OR."),
        ("a = 1 && b = 1", 7, "AND, OR, the end."),
        ("name =", 7, "text in single quotes"),
        ("name = churn", 8, "text in single quotes"),
        ("name = 'churn", 8, "text in single quotes"),
        ('name = "churn"', 8, "text in single quotes"),
        ("name LIKE 3", 11, "text in single quotes"),
        ("a = 1 b = 2", 7, "AND"),
        ("(a = 1", 7, "')'"),
        ("a = 1)", 6, "the end"),
        ("a == 1", 4, "a number"),
        ("metadata. = 1", 11, "a key"),
        ('metadata."" = 1', 10, "a key"),
        ("a = 12x", 5, "a number"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place_and_what_could_stand_there(text, place, expected):
    problem = problem_of(text)
    assert problem.field == "filter"
    assert f"character {place}:" in problem.message
    assert expected in problem.message.partition("expected")[2]


def test_a_sort_key_that_cannot_be_read_is_refused_as_order_by():
    problem = problem_of("name upwards", parse_order_by)
    assert problem.field == "order_by"
    assert "asc or desc" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "(" * FILTER_MAX_CHARS,
        "NOT " * (FILTER_MAX_CHARS // 4 - 2) + "a=1",
        "(a=1 and " * 400 + "a=1",
        "x" * (FILTER_MAX_CHARS + 1),
        "a=1" + " or a=1" * CONDITIONS_MAX,
        "a=" + "9" * 1000,
    ],
)
def test_a_hostile_filter_is_refused_under_the_name_of_its_parameter(text):
    assert problem_of(text).field == "filter"
    assert problem_of(text, partial(parse_filter, parameter="explain")).field == "explain"


def test_parentheses_without_end_that_close_again_are_read():
    depth = (FILTER_MAX_CHARS - 3) // 2
    assert parse_filter("(" * depth + "a=1" + ")" * depth) == equals("a", 1)
