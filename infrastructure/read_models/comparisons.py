"""One value against one literal, in SQL."""

from string import ascii_lowercase, ascii_uppercase
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, false, func, literal, or_
from sqlalchemy.sql import operators

from application.ports.filters import Literal, Operator
from infrastructure.read_models.attributes import INDEXED_CHARS
from infrastructure.read_models.dialects import Matches, Pattern

_OPERATORS = {
    Operator.EQ: operators.eq,
    Operator.NE: operators.ne,
    Operator.LT: operators.lt,
    Operator.LE: operators.le,
    Operator.GT: operators.gt,
    Operator.GE: operators.ge,
}
_ASCII_FOLDING = str.maketrans(ascii_uppercase, ascii_lowercase)
_STRICT = {Operator.LE: Operator.LT, Operator.GE: Operator.GT}


def compared(column: ColumnElement[Any], operator: Operator, value: Literal) -> ColumnElement[bool]:
    """Return the comparison of a column of the literal's kind; null where the column is."""
    match operator:
        case Operator.LIKE:
            return Matches(column, literal(value, Pattern()))
        case Operator.ILIKE:
            # lower() changes A to Z alone: SQLite's always, PostgreSQL's by the collation of the column.
            folded = str(value).translate(_ASCII_FOLDING)
            return Matches(func.lower(column), literal(folded, Pattern()))
    result: ColumnElement[bool] = _OPERATORS[operator](column, value)
    return result


def attribute_compared(table: FromClause, operator: Operator, value: Literal) -> ColumnElement[bool]:
    """Return the comparison of an attribute of the literal's kind; never true for one of another kind."""
    if isinstance(value, bool):
        return compared(table.c.boolean, operator, value)
    if not isinstance(value, str):
        return compared(table.c.number, operator, value)
    if operator in {Operator.LIKE, Operator.ILIKE}:
        return and_(table.c.text.is_not(None), compared(table.c.text.concat(table.c.text_rest), operator, value))
    if len(value) < INDEXED_CHARS:
        # A longer text is stored with exactly INDEXED_CHARS in this column: it alone decides.
        return compared(table.c.text, operator, value)
    return _long_compared(table, operator, value)


def one_of(table: FromClause, values: tuple[Literal, ...]) -> ColumnElement[bool]:
    """Return whether an attribute equals one of the literals."""
    return or_(false(), *(attribute_compared(table, Operator.EQ, each) for each in values))


def _long_compared(table: FromClause, operator: Operator, value: str) -> ColumnElement[bool]:
    start, rest = value[:INDEXED_CHARS], value[INDEXED_CHARS:]
    text, text_rest = table.c.text, table.c.text_rest
    if operator is Operator.NE:
        return or_(text != start, and_(text == start, text_rest != rest))
    same_start = and_(text == start, compared(text_rest, operator, rest))
    if operator is Operator.EQ:
        return same_start
    return or_(compared(text, _STRICT.get(operator, operator), start), same_start)
