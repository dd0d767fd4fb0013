"""Errors help the one who reads them, at a bounded price."""

from collections.abc import Iterator

import pytest

from domain.errors import PROBLEMS_MAX, FieldProblem, InvalidInput, nearest, suggestion


def test_an_error_says_all_that_is_wrong():
    error = InvalidInput([FieldProblem(field="a", message="is odd."), FieldProblem(field="b", message="is even.")])
    assert error.message == "a: is odd.; b: is even."


def test_an_error_stops_where_nobody_would_read_on():
    drawn = 0

    def endless() -> Iterator[FieldProblem]:
        nonlocal drawn
        while True:
            drawn += 1
            yield FieldProblem(field="a", message="is odd.")

    assert len(InvalidInput(endless()).problems) == PROBLEMS_MAX
    assert drawn == PROBLEMS_MAX


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("learning_rat", ["learning_rate", "num_leaves"], "learning_rate"),
        ("LEARNING_RATE", ["learning_rate"], "learning_rate"),
        ("mean_radius", ["Mean Radius", "Mean Area"], "Mean Radius"),
        ("colour", ["price"], None),
        ("x", [], None),
        ("x" * 100_000, ["x" * 100_000], None),
    ],
)
def test_the_nearest_word_is_the_one_probably_meant(word, known, meant):
    assert nearest(word, known) == meant


def test_a_suggestion_is_a_question_or_nothing():
    assert suggestion("num_leafs", ["num_leaves"]) == " Did you mean 'num_leaves'?"
    assert suggestion("colour", ["price"]) == ""
