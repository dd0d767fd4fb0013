"""New tables that are filled in bulk: no index but their keys until the end, and nothing to fall back to."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Table, insert
from sqlalchemy.schema import CreateTable

from application.ports.read_models import Collection
from infrastructure.read_models.fingerprint import fingerprint
from infrastructure.read_models.positions_table import position_row
from infrastructure.read_models.statements import PageStatements
from infrastructure.read_models.tables import FINGERPRINT, POSITION, TABLES

Row = tuple[Any, ...]
"""Values in the order of a table's columns."""


class BulkTables(Protocol):
    """The tables of a new generation, until they are whole."""

    def add(self, table: Table, rows: Sequence[Row]) -> None:
        """Add rows."""

    def open_text(self, collection: Collection, id: str) -> str | None:  # noqa: A002 - the field's name
        """Return the document that is open under the id; None when none was added."""

    def end(self, collection: Collection, documents: Sequence[Mapping[str, Any]]) -> None:
        """End open documents, given as `PageStatements.close` takes them."""

    def end_attributes(self, attributes: Sequence[Mapping[str, Any]]) -> None:
        """End open values, given as `PageStatements.close_attribute` takes them."""

    def finish(self, position: int) -> None:
        """Make the indexes; the tables are at this position, and on the disk."""


class TablesInTransaction:
    """New tables, as far as all databases have it in common.

    Args:
        connection: In a transaction.
        schema: Where the tables are to be; None for where the database looks by itself.
    """

    def __init__(self, connection: Connection, *, schema: str | None) -> None:
        self.connection = connection
        self._statements = PageStatements(connection.dialect, schema=schema)
        for table in TABLES.sorted_tables:
            connection.execute(CreateTable(table))

    def open_text(self, collection: Collection, id: str) -> str | None:  # noqa: A002 - the field's name
        """Return the document that is open under the id; None when none was added."""
        found = self._statements.one[collection].run(self.connection, {"sought_id": id}).first()
        return None if found is None else found.document

    def end(self, collection: Collection, documents: Sequence[Mapping[str, Any]]) -> None:
        """End open documents, given as `PageStatements.close` takes them."""
        self._statements.close[collection].run(self.connection, *documents)

    def end_attributes(self, attributes: Sequence[Mapping[str, Any]]) -> None:
        """End open values, given as `PageStatements.close_attribute` takes them."""
        self._statements.close_attribute.run(self.connection, *attributes)

    def finish(self, position: int) -> None:
        """Make the indexes; the tables are at this position."""
        for table in TABLES.sorted_tables:
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                index.create(self.connection, checkfirst=False)
        self.connection.execute(insert(POSITION), position_row(position))
        self.connection.execute(insert(FINGERPRINT), {"fingerprint": fingerprint()})
