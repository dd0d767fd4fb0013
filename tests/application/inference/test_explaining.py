"""Only what a condition holds of is explained."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.inference.explaining import Explain, _matches, require_explain, rows_to_explain
from application.ports.filters import And, Comparison, FieldPath, IsNull, Not, OneOf, Operator, Or
from application.ports.predictor import Predicted
from domain.errors import InvalidInput

LABELS = Predicted(
    predictions=["yes", "no", "Yes_", "no"],
    probabilities=[0.9, 0.6, 0.8, 0.81],
    scores=np.zeros((4, 2)),
    chosen=np.zeros(4, dtype=np.intp),
)
NUMBERS = Predicted(predictions=[1.5, -2.0, 3.0], probabilities=None, scores=np.zeros((3, 1)), chosen=None)
FLAGS = Predicted(
    predictions=[True, False], probabilities=[0.7, 0.7], scores=np.zeros((2, 2)), chosen=np.zeros(2, dtype=np.intp)
)


def over(field: str, operator: Operator, literal: object) -> Comparison:
    return Comparison(field=FieldPath(root=field), operator=operator, literal=literal)


PROBABLE = over("probability", Operator.GT, 0.8)
IS_NO = over("prediction", Operator.EQ, "no")


@pytest.mark.parametrize(
    ("explain", "predicted", "expected"),
    [
        (True, LABELS, [0, 1, 2, 3]),
        (False, LABELS, []),
        (PROBABLE, LABELS, [0, 3]),
        (over("probability", Operator.GE, 0.8), LABELS, [0, 2, 3]),
        (over("probability", Operator.LT, 1), LABELS, [0, 1, 2, 3]),
        (Not(condition=PROBABLE), LABELS, [1, 2]),
        (And(conditions=(PROBABLE, IS_NO)), LABELS, [3]),
        (Or(conditions=(PROBABLE, IS_NO)), LABELS, [0, 1, 3]),
        (OneOf(field=FieldPath(root="prediction"), literals=("yes", "Yes_")), LABELS, [0, 2]),
        (over("prediction", Operator.NE, "no"), LABELS, [0, 2]),
        (over("prediction", Operator.LIKE, "%e_"), LABELS, [0]),
        (over("prediction", Operator.LIKE, r"%s\_"), LABELS, [2]),
        (over("prediction", Operator.ILIKE, "YES%"), LABELS, [0, 2]),
        (over("prediction", Operator.GT, 1), LABELS, []),
        (PROBABLE, NUMBERS, []),
        (Not(condition=PROBABLE), NUMBERS, [0, 1, 2]),
        (IsNull(field=FieldPath(root="probability")), NUMBERS, [0, 1, 2]),
        (IsNull(field=FieldPath(root="probability")), LABELS, []),
        (over("prediction", Operator.GE, 1.5), NUMBERS, [0, 2]),
        (over("prediction", Operator.EQ, True), FLAGS, [0]),
        (over("prediction", Operator.EQ, 1), FLAGS, []),
        (over("prediction", Operator.LT, True), FLAGS, []),
    ],
)
def test_the_rows_that_a_condition_holds_of(explain: Explain, predicted: Predicted, expected: list[int]) -> None:
    assert list(rows_to_explain(require_explain(explain), predicted)) == expected


@pytest.mark.parametrize(
    ("explain", "message"),
    [
        (over("probabilty", Operator.GT, 1), "Did you mean 'probability'"),
        (over("metrics", Operator.GT, 1), "ask for prediction or probability"),
        (
            Comparison(field=FieldPath(root="probability", key="x"), operator=Operator.GT, literal=1),
            "'probability.x' is nothing",
        ),
        (over("probability", Operator.GT, "0.8"), "compares with numbers"),
        (Not(condition=OneOf(field=FieldPath(root="probability"), literals=(1, True))), "compares with numbers"),
        (And(conditions=(PROBABLE, IsNull(field=FieldPath(root="y")))), "'y' is nothing"),
    ],
)
def test_a_condition_that_asks_for_something_else_is_refused(explain: Explain, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        require_explain(explain)


@given(st.text("ab%_\\A\n", max_size=8), st.text("abA\n%", max_size=8), st.booleans())
def test_a_pattern_means_what_it_means_as_a_regular_expression(
    pattern: str, text: str, ignoring_case: bool
) -> None:
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    spelled = "".join({"%": ".*", "_": "."}.get(each, re.escape(each[-1])) for each in parts)
    flags = re.DOTALL | (re.IGNORECASE | re.ASCII if ignoring_case else 0)
    assert _matches(text, pattern, ignoring_case=ignoring_case) == (re.fullmatch(spelled, text, flags) is not None)


def test_a_pattern_of_many_wildcards_takes_no_longer_than_it_is_long() -> None:
    assert not _matches("a" * 200, "%a" * 1_900 + "%x", ignoring_case=False)
