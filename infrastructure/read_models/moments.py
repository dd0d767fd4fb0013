"""Which rows of a system-versioned table hold at a position."""

from sqlalchemy import ColumnElement, FromClause, and_

from infrastructure.read_models.tables import OPEN


class Moment:
    """A position to look at the tables from; None is now, which finds open rows by equality."""

    def __init__(self, position: int | None) -> None:
        self._position = position

    def of(self, table: FromClause) -> ColumnElement[bool]:
        """Return the condition under which a row of the table holds."""
        if self._position is None:
            return table.c.to_position == OPEN
        return and_(table.c.from_position <= self._position, table.c.to_position > self._position)

    def of_attributes(self, table: FromClause) -> ColumnElement[bool]:
        """Return the same of attributes that are looked up for one document at a time, at one key.

        The sum leaves the beginning to be compared with the few rows found: PostgreSQL 18 expects to look
        once for each end that there is up to it, which it never does, and takes a worse way instead.
        """
        if self._position is None:
            return self.of(table)
        return and_(table.c.from_position + 0 <= self._position, table.c.to_position > self._position)
