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
