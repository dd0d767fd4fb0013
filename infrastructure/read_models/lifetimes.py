"""How long rows hold, so that those of a past position are found without passing all that have ended since.

A row is filed under the number of digits of its lifetime, counted in positions. One that holds at position P
and lived less than a thousand began after P - 1,000: for each number of digits there is one stretch of
beginnings to look through, hardly longer than what is found in it.
"""

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Text,
    cast,
    func,
    literal_column,
    select,
    text,
)

_LONGEST = 2**63 - 1
_FOREVER = len(str(_LONGEST))
_LIMITS = ", ".join(f"({digits}, {min(10**digits, _LONGEST)})" for digits in range(1, _FOREVER + 1))


def digits_of_lifetime(table: FromClause) -> ColumnElement[int]:
    """Return the number of digits of how many positions a row of the table holds for, as indexes file it."""
    return func.length(cast(table.c.to_position - table.c.from_position, Text))


def ids_now(table: FromClause) -> Select[str]:
    """Return the ids of the rows that have not ended."""
    return select(table.c.id).where(digits_of_lifetime(table) == _FOREVER, table.c.to_position == _LONGEST)


def ids_at(position: int, table: FromClause) -> Select[str]:
    """Return the ids of the rows that hold at the position."""
    limits = (
        select(literal_column("column1").label("digits"), literal_column("column2", BigInteger()).label("most"))
        .select_from(text(f"(VALUES {_LIMITS}) AS limits"))
        .subquery("lifetimes")
    )
    began_after = position - limits.c.most
    # the position by way of the limit: PostgreSQL would go through another index for the bare one
    then = began_after + limits.c.most
    return (
        select(table.c.id)
        .select_from(limits)
        .join(table, digits_of_lifetime(table) == limits.c.digits)
        .where(table.c.from_position > began_after, table.c.from_position <= then, table.c.to_position > then)
    )
