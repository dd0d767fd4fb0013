"""One value against one literal, in SQL."""

import sys
from collections.abc import Iterator
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, func, literal, or_
from sqlalchemy.sql import operators

from application.ports.filters import Literal, Operator
from infrastructure.read_models.attributes import INDEXED_CHARS
from infrastructure.read_models.patterns import beginning
from infrastructure.read_models.predicates import Matches, Pattern, any_of

_OPERATORS = {
    Operator.EQ: operators.eq,
    Operator.NE: operators.ne,
    Operator.LT: operators.lt,
    Operator.LE: operators.le,
    Operator.GT: operators.gt,
    Operator.GE: operators.ge,
}
_ASCII_FOLDING = str.maketrans(ascii_uppercase, ascii_lowercase)
_FIRST_SURROGATE, _AFTER_SURROGATES = 0xD800, 0xE000
_STRICT = {Operator.LE: Operator.LT, Operator.GE: Operator.GT}


def compared(column: ColumnElement[Any], operator: Operator, value: Literal) -> ColumnElement[bool]:
    """Return the comparison of a column of the literal's kind; null where the column is."""
    if operator is Operator.LIKE:
        return and_(*_begins_with(column, beginning(str(value))), _matches(column, operator, str(value)))
    if operator is Operator.ILIKE:
        return _matches(column, operator, str(value))
    result: ColumnElement[bool] = _OPERATORS[operator](column, value)
    return result


def attribute_compared(table: FromClause, operator: Operator, value: Literal) -> ColumnElement[bool]:
    """Return the comparison of an attribute of the literal's kind; never true for one of another kind."""
    if isinstance(value, bool):
        return compared(table.c.boolean, operator, value)
    if not isinstance(value, str):
        return compared(table.c.number, operator, value)
    if operator in {Operator.LIKE, Operator.ILIKE}:
        start = beginning(value)[:INDEXED_CHARS] if operator is Operator.LIKE else ""
        matches = _matches(table.c.text.concat(table.c.text_rest), operator, value)
        return and_(table.c.text.is_not(None), *_begins_with(table.c.text, start), matches)
    if len(value) < INDEXED_CHARS:
        # A longer text is stored with exactly INDEXED_CHARS in this column: it alone decides.
        return compared(table.c.text, operator, value)
    return _long_compared(table, operator, value)


def one_of(table: FromClause, values: tuple[Literal, ...]) -> ColumnElement[bool]:
    """Return whether an attribute equals one of the literals."""
    is_one: list[ColumnElement[bool]] = []
    for column, of_kind in (
        (table.c.boolean, [each for each in values if isinstance(each, bool)]),
        (table.c.number, [each for each in values if not isinstance(each, bool | str)]),
        (table.c.text, [each for each in values if isinstance(each, str) and len(each) < INDEXED_CHARS]),
    ):
        if of_kind:
            is_one.append(column.in_(of_kind))
    long_ones = [each for each in values if isinstance(each, str) and len(each) >= INDEXED_CHARS]
    return any_of([*is_one, *(attribute_compared(table, Operator.EQ, each) for each in long_ones)])


def _matches(column: ColumnElement[Any], operator: Operator, pattern: str) -> ColumnElement[bool]:
    if operator is Operator.LIKE:
        return Matches(column, literal(pattern, Pattern()))
    # lower() changes A to Z alone: SQLite's always, PostgreSQL's by the collation of the column.
    return Matches(func.lower(column), literal(pattern.translate(_ASCII_FOLDING), Pattern()))


def _begins_with(column: ColumnElement[Any], start: str) -> Iterator[ColumnElement[bool]]:
    """Yield bounds that an index can go by between which all texts lie that begin so."""
    if start:
        yield column >= start
        last = ord(start[-1])
        if last < sys.maxunicode:
            following = _AFTER_SURROGATES if last + 1 == _FIRST_SURROGATE else last + 1
            yield column < start[:-1] + chr(following)


def _long_compared(table: FromClause, operator: Operator, value: str) -> ColumnElement[bool]:
    start, rest = value[:INDEXED_CHARS], value[INDEXED_CHARS:]
    text, text_rest = table.c.text, table.c.text_rest
    if operator is Operator.NE:
        return or_(text != start, and_(text == start, text_rest != rest))
    same_start = and_(text == start, compared(text_rest, operator, rest))
    if operator is Operator.EQ:
        return same_start
    return or_(compared(text, _STRICT.get(operator, operator), start), same_start)
