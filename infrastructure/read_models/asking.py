"""Questions to the database, all of one transaction, and how many rows are how many."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from application.views import instant_text
from infrastructure.read_models.tables import INSTANTS
from infrastructure.read_models.timeline import instant_of

Ids = Select[str]

_UNCOMMON_PER_RARE = 3


class Asking:
    """Asks inside of one transaction, which sees one state of the database.

    Args:
        connection: The transaction.
        rare_rows: So many ids, found by one part of a filter, are rare: quickly looked up one by one.

    Attributes:
        rare_rows: The same.
        keeps_hashes: The database tells whether an id is among thousands much sooner than it looks one up.
    """

    def __init__(self, connection: Connection, *, rare_rows: int) -> None:
        self._connection = connection
        self.rare_rows = rare_rows
        self.keeps_hashes = connection.dialect.name == "postgresql"

    def ids(self, selection: Ids) -> list[str]:
        """Return the ids that the selection finds."""
        return list(self._connection.scalars(selection))

    def rows(self, selection: Select[Any]) -> Sequence[Row[Any]]:
        """Return the rows that the selection finds."""
        return self._connection.execute(selection).all()

    def latest_instant(self, *, upto: int) -> str | None:
        """Return the latest instant of events up to the position, as columns hold it; None where none is known."""
        rises = select(INSTANTS.c.instant).where(INSTANTS.c.position <= upto)
        latest: int | None = self._connection.scalar(rises.order_by(INSTANTS.c.position.desc()).limit(1))
        return None if latest is None else instant_text(instant_of(latest))

    def count(self, selection: Ids) -> int:
        """Return how many ids the selection finds."""
        rows = selection.order_by(None).subquery()
        count: int = self._connection.execute(select(func.count()).select_from(rows)).scalar_one()
        return count

    def count_uncommon(self, selection: Ids) -> int | None:
        """Return how many ids the selection finds; None when it is more than a few times what is rare."""
        most = self.rare_rows * _UNCOMMON_PER_RARE
        count = self.count(selection.limit(most + 1))
        return count if count <= most else None

    def count_rare(self, selection: Ids) -> int | None:
        """Return how many ids the selection finds; None when they are not rare."""
        count = self.count(selection.limit(self.rare_rows + 1))
        return count if count <= self.rare_rows else None
