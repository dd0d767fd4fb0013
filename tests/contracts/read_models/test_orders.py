"""Orders, and windows cut from them."""

from uuid import UUID

from tests.contracts.read_models.questions import A, B, C, D, by, found, put
from tests.support.documents import a_model


def test_missing_values_come_last_either_way_and_ids_decide_ties(empty_models):
    put(empty_models, *(a_model(i, description=d) for i, d in [(D, "x"), (C, None), (B, "x"), (A, "y")]))
    assert found(empty_models, None, by("description")) == [B, D, A, C]
    assert found(empty_models, None, by("description", descending=True)) == [A, B, D, C]
    assert found(empty_models) == [A, B, C, D]
    assert found(empty_models, None, by("id", descending=True)) == [D, C, B, A]


def test_a_key_sorts_numbers_before_texts_before_booleans_before_nothing(empty_models):
    values = [(A, True), (B, "10"), (C, [5, 1]), (D, 3)]
    put(empty_models, a_model(UUID(int=9)), *(a_model(i, metadata={"k": value}) for i, value in values))
    assert found(empty_models, None, by("metadata.k")) == [C, D, B, A, UUID(int=9)]
    assert found(empty_models, None, by("metadata.k", descending=True)) == [C, D, B, A, UUID(int=9)]


def test_several_keys_sort_one_after_the_other(empty_models):
    put(
        empty_models,
        a_model(A, type="nlp", metadata={"k": 1}),
        a_model(B, type="clustering", metadata={"k": 2}),
        a_model(C, type="nlp", metadata={"k": 3}),
    )
    assert found(empty_models, None, by("type"), by("metadata.k", descending=True)) == [B, C, A]
    assert found(empty_models, None, by("metadata.k"), by("type")) == [A, B, C]


def test_a_window_is_cut_from_the_order(empty_models):
    put(empty_models, *(a_model(UUID(int=i)) for i in range(1, 8)))
    assert [i.int for i in found(empty_models, limit=3)] == [1, 2, 3]
    assert [i.int for i in found(empty_models, limit=3, offset=5)] == [6, 7]
    assert found(empty_models, limit=0) == []
    assert found(empty_models, offset=7) == []
