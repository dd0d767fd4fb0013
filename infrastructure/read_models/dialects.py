"""Engines and sessions: what differs between SQLite and PostgreSQL before anything is asked.

Text compares by code point on both: SQLite's default collation does, PostgreSQL's "C" does.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, MetaData, Text, create_engine, event, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateSchema

from infrastructure.postgres_pool import pooled_engine
from infrastructure.read_models import postgres_planning, postgres_sessions, sqlite_planning
from infrastructure.sqlite_journal import write_ahead

TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that compares by code point."""

_SQLITE_POOL = {"pool_size": 16, "max_overflow": 16}
"""More than a process has threads that read: a connection to a file costs next to nothing."""

CONNECTIONS = 12
"""So many connections to PostgreSQL, for sixteen threads that read and one that writes: a thread also has other
things to do than to wait for the server, which grants a hundred to all processes together when it is left as it
comes."""

UNBOUNDED: Mapping[str, Any] = MappingProxyType({"answers": "unbounded"})
"""Options of an execution on PostgreSQL that may take as long as it takes."""

_TOO_LATE_S = 2.0
_LOCK_TIMEOUT_S = 10.0
"""A writer waits so long for another: a page takes a fraction of that, however big."""

_SQLITE_PRAGMAS = (
    "synchronous=NORMAL",
    "temp_store=MEMORY",
    "cache_size=-16384",
    # in pages: 16 MB of log before they go to the file, where one that changed many times is written once
    "wal_autocheckpoint=4000",
)
_SCHEMA_LOCK = 0x6D6C_7265_6164


def sqlite_url(path: Path) -> URL:
    """Return the URL of a SQLite file."""
    return URL.create("sqlite", database=str(path))


def open_engine(url: str | URL, *, read_timeout_s: float, connections: int = CONNECTIONS) -> Engine:
    """Return connections to the database; readers of SQLite never wait for its writer.

    Those to PostgreSQL are made as they are needed, and then kept; who finds none free waits for one.

    Args:
        url: Of SQLite as SQLAlchemy writes it, of PostgreSQL as libpq or SQLAlchemy does.
        read_timeout_s: How long a statement of a reader of PostgreSQL may take; a server that does not even say
            that it took too long is given up.
        connections: So many to PostgreSQL at most.
    """
    text = url.render_as_string(hide_password=False) if isinstance(url, URL) else url
    if text.startswith("sqlite"):
        engine = create_engine(
            text,
            **_SQLITE_POOL,
            connect_args={"timeout": _LOCK_TIMEOUT_S},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    connect = partial(
        postgres_sessions.connect,
        postgres_sessions.for_libpq(text),
        lock_timeout_s=_LOCK_TIMEOUT_S,
        statement_timeout_s=read_timeout_s,
    )
    answers_within_s = read_timeout_s + _TOO_LATE_S
    engine = pooled_engine(connect, connections=connections, answers_within_s=answers_within_s)
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def for_reading(engine: Engine) -> Engine:
    """Return the engine whose transactions see one state of the database, whatever commits meanwhile."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(begin="BEGIN")
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def for_writing(engine: Engine) -> Engine:
    """Return the engine whose transactions may write; SQLite's wait for each other when they begin."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(begin="BEGIN IMMEDIATE")
    # its statements are told by nothing but their key, and a table takes the time that it takes to be made
    begin = "SET LOCAL statement_timeout = 0; SET LOCAL plan_cache_mode = auto"
    return engine.execution_options(begin=begin, **UNBOUNDED)


def is_lost(error: DBAPIError) -> bool:
    """Tell whether there was no PostgreSQL to answer, rather than an answer that nobody wanted."""
    return isinstance(error.orig, psycopg.OperationalError) and error.orig.sqlstate is None


def create_tables(connection: Connection, tables: MetaData, *, schema: str | None = None) -> None:
    """Create the tables that are missing, and their schema; no other process does so at the same time."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
        if schema is not None:
            connection.execute(CreateSchema(schema, if_not_exists=True))
    tables.create_all(connection)
    if connection.dialect.name == "sqlite":
        sqlite_planning.tell_planner(connection, tables)
    else:
        postgres_planning.tell_planner(connection, tables, schema=schema)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # sqlite3 would begin on the first write only: reads would not be one state
    write_ahead(connection, timeout_s=_LOCK_TIMEOUT_S)
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _begin_postgresql(connection: Connection) -> None:
    options = connection.get_execution_options()
    if UNBOUNDED.items() <= options.items():
        driver: Any = connection.connection.driver_connection
        driver.answers_within_s = None
    if begin := options.get("begin"):
        connection.exec_driver_sql(begin)
