"""Much, long and strange."""

from uuid import UUID

import pytest

from application.ports.filters import (
    And,
    Not,
    OneOf,
    Or,
)
from tests.contracts.read_models.questions import MODELS, A, B, C, by, field, found, is_, put
from tests.support.documents import a_model


def test_as_many_alternatives_as_a_filter_may_have_are_answered(empty_models):
    put(empty_models, *(a_model(UUID(int=i), metadata={"k": i, "t": str(i)}) for i in range(1, 9)))
    numbers = tuple(is_("metadata.k", "=", number) for number in range(1_000))
    assert len(found(empty_models, Or(conditions=numbers))) == 8
    assert len(found(empty_models, OneOf(field=field("metadata.k"), literals=tuple(range(1_000))))) == 8
    texts = tuple(f"{number:0300}" for number in range(999))
    assert found(empty_models, OneOf(field=field("metadata.t"), literals=("3", *texts))) == [UUID(int=3)]
    assert len(found(empty_models, And(conditions=tuple(Not(condition=each) for each in numbers)))) == 0


@pytest.mark.parametrize("name", ["\U0001f600" * 255, "\u00e4" * 255, "\x00" * 255, "%" * 255])
def test_the_longest_names_are_found(empty_models, name):
    put(empty_models, a_model(A, name=name), a_model(B))
    assert found(empty_models, is_("name", "=", name)) == [A]


def test_keys_and_texts_of_the_widest_characters_are_indexed(empty_models):
    key, text_ = "\U0001f511" * 300, "\U0001f600" * 70_000
    put(empty_models, a_model(A, metadata={key: text_}), a_model(B, metadata={key: text_ + "x"}))
    assert found(empty_models, is_(f"metadata.{key}", "=", text_)) == [A]
    assert found(empty_models, None, by(f"metadata.{key}", descending=True)) == [B, A]


@pytest.mark.parametrize("number", [2**63, -(2**64), 10**300, 10**400, -(10**400), 2**53 + 1])
def test_numbers_beyond_what_databases_hold_are_kept_and_compared(empty_models, number):
    put(empty_models, a_model(A, metadata={"k": number}), a_model(B, metadata={"k": 0}))
    assert empty_models.get(MODELS, A)["metadata"]["k"] == number
    assert found(empty_models, is_("metadata.k", "=", number)) == [A]
    assert found(empty_models, None, by("metadata.k")) == ([B, A] if number > 0 else [A, B])


def test_a_window_may_lie_beyond_everything(empty_models):
    put(empty_models, a_model(A, metadata={"k": 1}))
    most = 2**63 - 1
    assert found(empty_models, limit=most, offset=0) == [A]
    assert found(empty_models, limit=most, offset=most) == []
    assert found(empty_models, None, by("metadata.k"), limit=most, offset=most) == []


def test_windows_of_an_order_by_key_follow_each_other_through_all_kinds_of_values(empty_models):
    values = [3, 1, "b", "a", True, None, [], 2, "a" * 300, False, {"x": 1}]
    put(
        empty_models,
        *(a_model(UUID(int=i), metadata={} if v is None else {"k": v}) for i, v in enumerate(values, start=1)),
    )
    for order in (by("metadata.k"), by("metadata.k", descending=True)):
        everything = found(empty_models, None, order)
        windows = [found(empty_models, None, order, limit=2, offset=start) for start in range(0, 12, 2)]
        assert [id_ for window in windows for id_ in window] == everything
        assert len(everything) == len(values)


@pytest.mark.parametrize("where", [None, is_("metadata.odd", "=", True)])
@pytest.mark.parametrize("descending", [False, True])
def test_windows_follow_each_other_through_documents_that_share_a_value(empty_models, where, descending):
    numbers = range(1, 61)
    put(
        empty_models,
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
        everything = found(empty_models, where, *orders, limit=100)
        assert len(everything) == (62 if where is None else 32)
        windows = [found(empty_models, where, *orders, limit=7, offset=start) for start in range(0, 70, 7)]
        assert [id_ for window in windows for id_ in window] == everything
    ties = [UUID(int=i) for i in numbers if i % 3 == (2 if descending else 0)]
    assert found(empty_models, None, tie, limit=20) == ties


@pytest.mark.parametrize("start", ["\ud7ff", "\U0010ffff", "a\U0010ffff", "\x7f", "\uffff"])
def test_a_pattern_finds_what_begins_so_at_every_edge_of_the_code_points(empty_models, start):
    put(
        empty_models,
        a_model(A, name=start, metadata={"k": start + "x"}),
        a_model(B, name=start + "\U0010ffff", metadata={"k": start + "\ue000"}),
        a_model(C, name="\ue000", metadata={"k": "\ue000"}),
    )
    assert found(empty_models, is_("name", "LIKE", start + "%")) == [A, B]
    assert found(empty_models, is_("metadata.k", "LIKE", start + "%")) == [A, B]
    assert found(empty_models, is_("metadata.k", "LIKE", start + "_")) == [A, B]
