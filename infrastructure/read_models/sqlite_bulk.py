"""Filling a new file of SQLite in bulk."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from sqlite3 import SQLITE_LIMIT_VARIABLE_NUMBER
from typing import Any

from sqlalchemy import NullPool, Table, create_engine, event

from infrastructure.read_models.bulk_tables import Row, TablesInTransaction
from infrastructure.read_models.dialects import sqlite_url

_ROWS_AT_ONCE = 100
"""So many rows are added by one statement: it takes three quarters of the time of a hundred statements."""

_PRAGMAS = (
    # nobody reads the file before it is whole, and one that is not whole is made again from its beginning
    "journal_mode=OFF",
    "synchronous=OFF",
    "locking_mode=EXCLUSIVE",
    "cache_size=-262144",  # 256 MiB: the keys of many rows, which come in no order
    "temp_store=FILE",
    "threads=2",  # sort what goes into an index
)


@contextmanager
def new_file(path: Path) -> Iterator["SqliteBulkTables"]:
    """Yield empty tables in a file that is not there yet; unless they are finished it is not there again."""
    engine = create_engine(sqlite_url(path), poolclass=NullPool)
    event.listen(engine, "connect", _prepare)
    is_whole = False
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            tables = SqliteBulkTables(connection, schema=None)
            yield tables
            is_whole = tables.is_whole
        if is_whole:
            _sync(path)
    finally:
        if not is_whole:
            path.unlink(missing_ok=True)


class SqliteBulkTables(TablesInTransaction):
    """The tables of a new generation in a file.

    Attributes:
        is_whole: They are finished.
    """

    is_whole = False

    def add(self, table: Table, rows: Sequence[Row]) -> None:
        """Add rows."""
        driver: Any = self.connection.connection.driver_connection
        width = len(table.columns)
        at_once = min(_ROWS_AT_ONCE, driver.getlimit(SQLITE_LIMIT_VARIABLE_NUMBER) // width)
        starts = range(0, len(rows) - at_once + 1, at_once)
        many = (list(chain.from_iterable(rows[start : start + at_once])) for start in starts)
        driver.executemany(_insert(table, at_once), many)
        driver.executemany(_insert(table, 1), rows[len(starts) * at_once :])

    def finish(self, position: int) -> None:
        """Make the indexes; the tables are at this position."""
        super().finish(position)
        self.connection.commit()
        self.is_whole = True


def _insert(table: Table, rows: int) -> str:
    row = f"({', '.join('?' * len(table.columns))})"
    return f"INSERT INTO {table.name} VALUES {', '.join([row] * rows)}"  # noqa: S608 - a table of ours


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()
