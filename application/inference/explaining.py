"""Which predictions are to be explained: all, none, or those of which a condition holds."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import repeat
from operator import eq, ge, gt, le, lt, ne
from string import ascii_lowercase, ascii_uppercase
from types import MappingProxyType
from typing import Any

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
)
from application.ports.predictor import Predicted
from domain.errors import FieldProblem, InvalidInput, suggestion
from domain.inference.values import AnswerKind

Explain = bool | Condition
"""All or none, or a condition over `FIELDS`."""

FIELDS = ("prediction", "probability")

_COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = MappingProxyType(
    {Operator.EQ: eq, Operator.NE: ne, Operator.LT: lt, Operator.LE: le, Operator.GT: gt, Operator.GE: ge}
)
_PARTS = re.compile(r"\\.|.", re.DOTALL)
_ANY, _ONE = object(), object()
_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
_BOOLEAN_OPERATORS = frozenset({Operator.EQ, Operator.NE})


def require_explain(explain: Explain) -> Explain:
    """Return the condition if it asks what can be answered.

    Raises:
        InvalidInput: It names another field than `FIELDS`, or compares a probability with what is no number.
    """
    if not isinstance(explain, bool) and (problems := list(_problems(explain))):
        raise InvalidInput(problems)
    return explain


def require_comparable(explain: Explain, answers: AnswerKind) -> None:
    """Refuse a condition over answers that are not compared with anything.

    Raises:
        InvalidInput: The answers are forecasts.
    """
    if answers is AnswerKind.FORECASTS and not isinstance(explain, bool):
        message = (
            "A forecast is neither a label nor a number that a condition could be about: ask for true or false."
        )
        raise InvalidInput.of("explain", message)


def rows_to_explain(explain: Explain, predicted: Predicted) -> Sequence[int]:
    """Return the places of the predictions that are to be explained, ascending."""
    if isinstance(explain, bool):
        return range(len(predicted.predictions) if explain else 0)
    probabilities = repeat(None) if predicted.probabilities is None else predicted.probabilities
    answers = zip(predicted.predictions, probabilities, strict=False)  # what repeats has no end
    return [
        place for place, answer in enumerate(answers) if _holds(explain, dict(zip(FIELDS, answer, strict=True)))
    ]


def _holds(condition: Condition, answer: Mapping[str, Any]) -> bool:
    match condition:
        case And():
            return all(_holds(each, answer) for each in condition.conditions)
        case Or():
            return any(_holds(each, answer) for each in condition.conditions)
        case Not():
            return not _holds(condition.condition, answer)
        case IsNull():
            return answer[condition.field.root] is None
        case OneOf():
            value = answer[condition.field.root]
            return any(_compares(value, Operator.EQ, each) for each in condition.literals)
        case Comparison():
            return _compares(answer[condition.field.root], condition.operator, condition.literal)


def _compares(value: Any, operator: Operator, literal: Literal) -> bool:
    kind = _kind(literal)
    if _kind(value) is not kind:
        return False
    if operator in {Operator.LIKE, Operator.ILIKE}:
        return kind is str and _matches(value, str(literal), ignoring_case=operator is Operator.ILIKE)
    if kind is bool and operator not in _BOOLEAN_OPERATORS:
        return False
    return _COMPARE[operator](value, literal)


def _kind(value: Any) -> type | None:
    """Return what a value may be compared with; numbers are of one kind."""
    if isinstance(value, bool):
        return bool
    if isinstance(value, int | float):
        return float
    return str if isinstance(value, str) else None


def _matches(text: str, pattern: str, *, ignoring_case: bool) -> bool:
    """Tell whether a text is like a pattern, in a time that grows with the product of their lengths at most."""
    if ignoring_case:
        text, pattern = _folded(text), _folded(pattern)
    parts = [_ANY if each == "%" else _ONE if each == "_" else each[-1] for each in _PARTS.findall(pattern)]
    place = part = 0
    after_any, resumed_at = -1, 0
    while place < len(text):
        if part < len(parts) and parts[part] is _ANY:
            after_any, resumed_at = part + 1, place
            part += 1
        elif part < len(parts) and (parts[part] is _ONE or parts[part] == text[place]):
            part, place = part + 1, place + 1
        elif after_any >= 0:  # the last % takes one character more; those before it need not be tried again
            resumed_at += 1
            part, place = after_any, resumed_at
        else:
            return False
    return all(each is _ANY for each in parts[part:])


def _folded(text: str) -> str:
    """Return the text with `A` to `Z` as `a` to `z`, and everything else as it is."""
    return text.translate(_SMALL)


def _problems(condition: Condition) -> Iterator[FieldProblem]:
    match condition:
        case And() | Or():
            for each in condition.conditions:
                yield from _problems(each)
        case Not():
            yield from _problems(condition.condition)
        case IsNull():
            yield from _field_problems(condition.field)
        case OneOf():
            yield from _comparison_problems(condition.field, condition.literals)
        case Comparison():
            yield from _comparison_problems(condition.field, (condition.literal,))


def _comparison_problems(field: FieldPath, literals: Sequence[Literal]) -> Iterator[FieldProblem]:
    problems = list(_field_problems(field))
    yield from problems
    if not problems and field.root == "probability":
        for each in literals:
            if _kind(each) is not float:
                yield FieldProblem(field="explain", message="probability compares with numbers.", value=each)


def _field_problems(field: FieldPath) -> Iterator[FieldProblem]:
    name = field.root if field.key is None else f"{field.root}.{field.key}"
    if name not in FIELDS:
        message = (
            f"{name!r} is nothing that an answer has: ask for {' or '.join(FIELDS)}.{suggestion(name, FIELDS)}"
        )
        yield FieldProblem(field="explain", message=message, value=name)
