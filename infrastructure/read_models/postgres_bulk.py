"""Filling a new schema of PostgreSQL in bulk."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import sql
from sqlalchemy import Connection, Table, text
from sqlalchemy.schema import CreateSchema

from application.ports.read_models import Collection
from infrastructure.read_models.bulk_tables import Row, TablesInTransaction
from infrastructure.read_models.dialects import for_writing, open_engine
from infrastructure.read_models.postgres_planning import tell_planner
from infrastructure.read_models.tables import TABLES

_READ_TIMEOUT_S = 10.0
_SETTINGS = (
    "SET LOCAL idle_in_transaction_session_timeout = 0",  # between two chunks is as long as it is
    "SET LOCAL maintenance_work_mem = '256MB'",  # sorts what goes into an index
)


@contextmanager
def new_schema(url: str, *, schema: str) -> Iterator["PostgresBulkTables"]:
    """Yield empty tables in a schema that is not there yet, all in one transaction: unless it is finished
    nobody ever sees it.
    """
    engine = open_engine(url, read_timeout_s=_READ_TIMEOUT_S, connections=1)
    try:
        with for_writing(engine).connect() as connection:
            connection.execution_options(schema_translate_map={None: schema})
            for setting in _SETTINGS:
                connection.execute(text(setting))
            connection.execute(CreateSchema(schema))
            yield PostgresBulkTables(connection, schema=schema)
    finally:
        engine.dispose()


class PostgresBulkTables(TablesInTransaction):
    """The tables of a new generation in a schema, without keys until these are needed.

    To sort all rows into a key at once takes less time than to add row by row, wherever each belongs.

    Args:
        connection: In a transaction.
        schema: Its name.
    """

    def __init__(self, connection: Connection, *, schema: str) -> None:
        super().__init__(connection, schema=schema)
        self._schema = schema
        for table in TABLES.sorted_tables:
            connection.execute(text(f'ALTER TABLE "{schema}".{table.name} DROP CONSTRAINT {table.name}_pkey'))
        self._has_keys = False

    def add(self, table: Table, rows: Sequence[Row]) -> None:
        """Add rows."""
        driver: Any = self.connection.connection.driver_connection
        # frozen: nobody is ever to find out, row by row, whether the transaction that wrote it has committed
        into = sql.SQL("COPY {} FROM STDIN WITH (FREEZE)").format(sql.Identifier(self._schema, table.name))
        with driver.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row(row)

    def open_text(self, collection: Collection, id: str) -> str | None:  # noqa: A002 - the field's name
        """Return the document that is open under the id; None when none was added."""
        self._make_keys()
        return super().open_text(collection, id)

    def end(self, collection: Collection, documents: Sequence[Mapping[str, Any]]) -> None:
        """End open documents, given as `PageStatements.close` takes them."""
        self._make_keys()
        super().end(collection, documents)

    def end_attributes(self, attributes: Sequence[Mapping[str, Any]]) -> None:
        """End open values, given as `PageStatements.close_attribute` takes them."""
        self._make_keys()
        super().end_attributes(attributes)

    def finish(self, position: int) -> None:
        """Make the indexes; the tables are at this position, and seen by all."""
        self._make_keys()
        super().finish(position)
        tell_planner(self.connection, TABLES, schema=self._schema)
        for table in TABLES.sorted_tables:
            self.connection.execute(text(f'ANALYZE "{self._schema}".{table.name}'))
        self.connection.commit()

    def _make_keys(self) -> None:
        if self._has_keys:
            return
        for table in TABLES.sorted_tables:
            columns = ", ".join(column.name for column in table.primary_key)
            self.connection.execute(text(f'ALTER TABLE "{self._schema}".{table.name} ADD PRIMARY KEY ({columns})'))
        self._has_keys = True
