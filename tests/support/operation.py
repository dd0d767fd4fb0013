"""The database of what processes share, for as long as a test needs it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from infrastructure.operation import operation_engine


@contextmanager
def operation_database(database: str | Path) -> Iterator[Engine]:
    """Yield the database at this URL of PostgreSQL, or in this file of SQLite, as a process opens it."""
    engine = operation_engine(database)
    try:
        yield engine
    finally:
        engine.dispose()
