"""Conditions and sort keys, from text to the tree that the read models answer, and back."""

import math
import re
from collections.abc import Set
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken, v_args

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
from domain.errors import InvalidInput

FILTER_MAX_CHARS = 4_000
CONDITIONS_MAX = 100
"""Comparisons and negations of one filter: each nesting level takes one, so this bounds the depth too."""

_BARE = re.compile(r"[^\W\d][\w-]*")
_RESERVED = {"and", "or", "not", "in", "is", "null", "like", "ilike", "true", "false", "asc", "desc"}
_INTEGER = re.compile(r"[-+]?\d+")
_FOUND_MAX_CHARS = 20
_QUOTE = '"'


def parse_filter(text: str, *, parameter: str = "filter") -> Condition:
    """Return the condition that the text says.

    Args:
        text: What the parameter holds.
        parameter: Its name, for who made a mistake in it.

    Raises:
        InvalidInput: It cannot be read, and where; or it is too long.
    """
    condition: Condition = _parsed(text, "filter", parameter=parameter)
    return condition


def parse_order_by(text: str) -> tuple[Order, ...]:
    """Return the keys that the text says to sort by: `metrics.auc desc, name`.

    Raises:
        InvalidInput: It cannot be read, and where; or it is too long.
    """
    orders: tuple[Order, ...] = _parsed(text, "orders", parameter="order_by")
    return orders


def written_condition(condition: Condition) -> str:
    """Return a text that says the condition."""
    match condition:
        case Comparison():
            return f"{_field(condition.field)} {condition.operator.value} {_literal(condition.literal)}"
        case OneOf():
            return f"{_field(condition.field)} IN ({', '.join(map(_literal, condition.literals))})"
        case IsNull():
            return f"{_field(condition.field)} IS NULL"
        case Not():
            return f"NOT ({written_condition(condition.condition)})"
        case And():
            return " AND ".join(f"({written_condition(each)})" for each in condition.conditions)
        case Or():
            return " OR ".join(f"({written_condition(each)})" for each in condition.conditions)


def written_orders(orders: tuple[Order, ...]) -> str:
    """Return a text that says the sort keys."""
    return ", ".join(f"{_field(each.field)} {'desc' if each.descending else 'asc'}" for each in orders)


class _TooLarge(Exception):
    """A number that no comparison could be with; its argument is what was written."""


@v_args(inline=True)
class _Tree(Transformer[Token, Any]):
    """Builds the tree while the text is read, so that no depth of nesting meets the recursion limit."""

    def filter(self, condition: Condition) -> Condition:
        return condition

    def any_of(self, *conditions: Condition) -> Condition:
        return Or(conditions=conditions)

    def all_of(self, *conditions: Condition) -> Condition:
        return And(conditions=conditions)

    def negated(self, condition: Condition) -> Condition:
        return Not(condition=condition)

    def comparison(self, field: FieldPath, operator: Token, literal: Literal) -> Condition:
        return Comparison(field=field, operator=Operator(operator.upper()), literal=literal)

    def one_of(self, field: FieldPath, *literals: Literal) -> Condition:
        return OneOf(field=field, literals=literals)

    def not_like(self, field: FieldPath, operator: Token, pattern: str) -> Condition:
        return Not(condition=self.comparison(field, operator, pattern))

    def none_of(self, field: FieldPath, *literals: Literal) -> Condition:
        return Not(condition=self.one_of(field, *literals))

    def is_null(self, field: FieldPath) -> Condition:
        return IsNull(field=field)

    def is_not_null(self, field: FieldPath) -> Condition:
        return Not(condition=IsNull(field=field))

    def orders(self, *orders: Order) -> tuple[Order, ...]:
        return orders

    def order(self, field: FieldPath, direction: Token | None) -> Order:
        return Order(field=field, descending=direction is not None and direction.upper() == "DESC")

    def field(self, root: str, *keys: str) -> FieldPath:
        return FieldPath(root=root, key=".".join(keys) if keys else None)

    def name(self, token: Token) -> str:
        return _unquoted(token) if token.type == "QUOTED" else str(token)

    key = name

    def string(self, token: Token) -> str:
        return _unquoted(token)

    def number(self, token: Token) -> float | int:
        if _INTEGER.fullmatch(token) and -(2**63) <= (whole := int(token)) < 2**63:
            return whole
        if math.isinf(number := float(token)):
            raise _TooLarge(token)
        return number

    def boolean(self, token: Token) -> bool:
        return token.type == "TRUE"


def _unquoted(token: Token) -> str:
    quote = token[0]
    return token[1:-1].replace(quote * 2, quote)


_PARSER = Lark(
    files(__package__).joinpath("filter.lark").read_text("utf-8"),
    parser="lalr",
    start=["filter", "orders"],
    transformer=_Tree(),
    maybe_placeholders=True,
)

_MEANINGS = {
    "COMPARISON": "one of = != < <= > >=",
    "LIKE": "LIKE or ILIKE",
    "_AND": "AND",
    "_OR": "OR",
    "_NOT": "NOT",
    "_IN": "IN",
    "_IS": "IS",
    "_NULL": "NULL",
    "TRUE": "TRUE",
    "FALSE": "FALSE",
    "DIRECTION": "asc or desc",
    "NAME": "a field",
    "QUOTED": "a field in double quotes",
    "KEY": "a key (in double quotes where it is no plain word)",
    "STRING": "text in single quotes",
    "NUMBER": "a number",
    "LPAR": "'('",
    "RPAR": "')'",
    "COMMA": "','",
    "DOT": "'.'",
    "$END": "the end",
}
_OF_CONDITIONS = {"COMPARISON", "LIKE", "_IN", "_IS", "_NOT"}


def _parsed(text: str, start: str, *, parameter: str) -> Any:
    if len(text) > FILTER_MAX_CHARS:
        message = f"has {len(text)} characters, may have {FILTER_MAX_CHARS}."
        raise InvalidInput.of(parameter, message)
    parser: Any = _PARSER.parse_interactive(text, start)
    try:
        conditions = sum(token.type in _OF_CONDITIONS for token in parser.iter_parse())
        if conditions > CONDITIONS_MAX:
            raise InvalidInput.of(parameter, f"has more than {CONDITIONS_MAX} conditions.")
        return parser.resume_parse()
    except _TooLarge as error:
        raise InvalidInput.of(parameter, "holds a number that is too large.", str(error)) from None
    except UnexpectedInput as error:
        # not the error's own list: with some states merged, it has what no text could go on with
        raise InvalidInput.of(parameter, _explained(error, text, parser.accepts()), text) from None


def _explained(error: UnexpectedInput, text: str, expected: Set[str]) -> str:
    place = error.pos_in_stream or 0
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        place = len(text)
    if "KEY" in expected:  # names and numbers are keys, too
        expected = {"KEY"}
    if len(expected) > 1:  # a field could go on wherever one ends: that is hardly what is missing
        expected = expected - {"DOT"}
    found = repr(text[place : place + _FOUND_MAX_CHARS]) if place < len(text) else "the end"
    wanted = ", ".join(sorted(_MEANINGS[name] for name in expected))
    return f"cannot be read at character {place + 1}: found {found}, expected {wanted}."


def _field(field: FieldPath) -> str:
    is_bare = _BARE.fullmatch(field.root) and field.root.lower() not in _RESERVED
    root = field.root if is_bare else _quoted(field.root, _QUOTE)
    return root if field.key is None else f"{root}.{_quoted(field.key, _QUOTE)}"


def _literal(literal: Literal) -> str:
    if isinstance(literal, bool):
        return "TRUE" if literal else "FALSE"
    return _quoted(literal, "'") if isinstance(literal, str) else repr(literal)


def _quoted(text: str, quote: str) -> str:
    return f"{quote}{text.replace(quote, quote * 2)}{quote}"
