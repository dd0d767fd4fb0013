"""What PostgreSQL's planner is told of the tables: which columns go together, and what they hold by now."""

import logging

from sqlalchemy import Connection, Engine, MetaData
from sqlalchemy.exc import DBAPIError

_log = logging.getLogger(__name__)

TOGETHER = "together"
"""Under this name a table's `info` lists columns whose values depend on each other."""


def tell_planner(connection: Connection, tables: MetaData, *, schema: str | None = None) -> None:
    """Let it count which values of such columns occur together; nothing changes when it does already.

    By multiplying how often each occurs, as it does otherwise, it takes thousands of rows for one.
    """
    quoted = connection.dialect.identifier_preparer.quote
    place = "" if schema is None else f"{quoted(schema)}."
    for table in tables.sorted_tables:
        if together := table.info.get(TOGETHER):
            columns = ", ".join(map(quoted, together))
            name = quoted(f"{table.name}_{'_'.join(together)}")
            connection.exec_driver_sql(
                f"CREATE STATISTICS IF NOT EXISTS {place}{name} (dependencies, mcv) "
                f"ON {columns} FROM {place}{quoted(table.name)}"
            )


class FreshFigures:
    """Has the tables counted again whenever the log has grown by a quarter.

    The server counts by itself, a minute or more after the fact: until then it plans by tables that were
    nearly empty, and takes ten seconds for what takes ten milliseconds.

    Args:
        engine: Connections to the database.
        tables: That are counted.
        schema: Where they are; None for the default one.
    """

    _LEAST_EVENTS = 1_000

    def __init__(self, engine: Engine, tables: MetaData, *, schema: str | None) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        quoted = engine.dialect.identifier_preparer.quote
        place = "" if schema is None else f"{quoted(schema)}."
        self._statement = f"ANALYZE {', '.join(place + quoted(table.name) for table in tables.sorted_tables)}"
        self._due: int | None = None

    def reached(self, position: int) -> None:
        """Count, if it is time: what was read and written is committed. Fails silently, to be tried later."""
        if self._due is not None and position >= self._due:
            try:
                with self._engine.connect() as connection:
                    connection.exec_driver_sql(self._statement)
            except DBAPIError as error:
                _log.info("The tables of the read models were not counted: %s", error)
        elif self._due is not None:
            return
        self._due = position + max(position // 4, self._LEAST_EVENTS)
