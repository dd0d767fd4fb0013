"""Which rows of a system-versioned table hold at a position."""

from sqlalchemy import ColumnElement, FromClause, Select, and_

from infrastructure.read_models.lifetimes import ids_at, ids_now
from infrastructure.read_models.tables import OPEN


class Moment:
    """A position to look at the tables from.

    Attributes:
        position: None is now, which finds open rows by equality.
    """

    def __init__(self, position: int | None) -> None:
        self.position = position

    def of(self, table: FromClause) -> ColumnElement[bool]:
        """Return the condition under which a row of the table holds."""
        if self.position is None:
            return table.c.to_position == OPEN
        return and_(table.c.from_position <= self.position, table.c.to_position > self.position)

    def ids(self, table: FromClause) -> Select[str]:
        """Return the ids of all rows of the table that hold, which an index by lifetimes finds."""
        return ids_now(table) if self.position is None else ids_at(self.position, table)

    def of_attributes(self, table: FromClause) -> ColumnElement[bool]:
        """Return the same of attributes, which are looked up by key and then by document or value.

        The sum leaves the beginning to be compared with the rows found: PostgreSQL 18 expects to look once
        for each end that there is up to it, which it never does, and takes a worse way instead.
        """
        if self.position is None:
            return self.of(table)
        return and_(table.c.from_position + 0 <= self.position, table.c.to_position > self.position)
