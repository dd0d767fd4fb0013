"""Where processes of one service keep what they need to run together, and could lose without harm.

On SQLite it is a file of its own; on PostgreSQL the schema `ml_operation`.
"""

from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, MetaData, create_engine, event, func, inspect, select
from sqlalchemy.schema import CreateSchema, CreateTable

from infrastructure.postgres_connection import connect, conninfo
from infrastructure.postgres_pool import pooled_engine
from infrastructure.sqlite_journal import write_ahead

SCHEMA = "ml_operation"

_SQLITE_BUSY_TIMEOUT_S = 10
_CONNECTIONS = 3
"""Each is needed for moments: by who decides, who gives signs of life, who takes note of how far it is."""

_ANSWERS_WITHIN_S = 5.0
_SCHEMA_LOCK = 0x6D6C_6F70_6572


def operation_engine(database: str | Path) -> Engine:
    """Return an engine whose commits are quick rather than certain to survive a power cut.

    All of a process that use the database share one: to PostgreSQL it makes up to three connections, as they are
    needed, and keeps them; who finds none free waits for one.

    Args:
        database: The path of a SQLite file, or PostgreSQL's libpq URL.

    Raises:
        DatabaseURLInvalid: The URL is none of PostgreSQL's.
    """
    if isinstance(database, Path):
        return _sqlite_engine(database)
    connecting = partial(connect, conninfo(database), autocommit=False, answers_within_s=_ANSWERS_WITHIN_S)
    engine = pooled_engine(connecting, connections=_CONNECTIONS, answers_within_s=_ANSWERS_WITHIN_S)
    event.listen(engine, "connect", _prepare_postgres)
    return engine


def create_missing(engine: Engine, tables: MetaData) -> None:
    """Create the tables that are not there yet, also when several processes do so at once.

    Args:
        engine: As `operation_engine` makes it.
        tables: All in the schema `SCHEMA`.
    """
    is_postgres = engine.dialect.name == "postgresql"
    wanted = {table.name for table in tables.sorted_tables}
    if is_postgres and wanted <= set(inspect(engine).get_table_names(schema=SCHEMA)):
        return  # a role that may not create anything can still use what is there
    with engine.begin() as connection:
        if is_postgres:
            connection.execute(select(func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
            if not inspect(connection).has_schema(SCHEMA):
                connection.execute(CreateSchema(SCHEMA))
        for table in tables.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))


def _sqlite_engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)), connect_args={"timeout": _SQLITE_BUSY_TIMEOUT_S}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    return engine.execution_options(schema_translate_map={SCHEMA: None})


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    write_ahead(connection, timeout_s=_SQLITE_BUSY_TIMEOUT_S)
    connection.execute("PRAGMA synchronous=OFF").close()


def _prepare_postgres(connection: Any, _record: Any) -> None:
    connection.execute("SET synchronous_commit = off")
    connection.commit()
