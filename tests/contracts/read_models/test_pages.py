"""Pages of documents, and the positions that they stand at."""

from uuid import UUID, uuid4

import pytest

from application.ports.read_models import PositionTaken
from tests.contracts.read_models.questions import MODELS, A, B, C, found, is_, put
from tests.support.documents import a_model


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


@pytest.mark.parametrize("length", [0, -1])
def test_a_page_ends_after_it_begins(shared_read_models, length):
    after = shared_read_models.position()
    with (
        pytest.raises(ValueError, match=str(after)),
        shared_read_models.page(after=after, upto=after + length),
    ):
        pass


@pytest.mark.parametrize("step", [-1, 0, 3])
def test_a_document_is_put_at_a_position_of_its_page(shared_read_models, step):
    after = put(shared_read_models, a_model(A))
    with pytest.raises(ValueError), shared_read_models.page(after=after, upto=after + 2) as rows:  # noqa: PT011 - any text
        rows.put(MODELS, B, a_model(B), position=after + step)


def test_a_document_has_the_id_that_it_is_put_under(empty_read_models):
    with pytest.raises(ValueError), empty_read_models.page(after=0, upto=1) as rows:  # noqa: PT011 - any text
        rows.put(MODELS, A, a_model(B), position=1)


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (1, 1.0), (0, False), ("1", 1), (None, ""), ([1], [True]), (10**30, 1e30)]
)
def test_values_of_different_kinds_are_different_values(shared_read_models, one, other):
    id_, after = uuid4(), shared_read_models.position()
    for value in (one, other, one):
        put(shared_read_models, a_model(id_, metadata={"k": value}))
    kept = [shared_read_models.get(MODELS, id_, at=after + step)["metadata"]["k"] for step in (1, 2, 3)]
    assert [repr(value) for value in kept] == [repr(one), repr(other), repr(one)]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()])
def test_a_document_that_is_no_json_is_a_bug_of_its_projection(shared_read_models, value):
    before = shared_read_models.position()
    with pytest.raises((ValueError, TypeError)):
        put(shared_read_models, a_model(A, metadata={"k": [value]}))
    assert shared_read_models.position() == before
