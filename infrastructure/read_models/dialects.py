"""What differs between SQLite and PostgreSQL: all of it is here.

Text compares by code point on both: SQLite's default collation does, PostgreSQL's "C" does.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Boolean,
    Connection,
    Engine,
    MetaData,
    Text,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from infrastructure.read_models.patterns import glob
from infrastructure.read_models.sqlite_planning import tell_planner

TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that compares by code point."""

_POOL_CONNECTIONS = 16
_BUSY_TIMEOUT_S = 10
_SQLITE_PRAGMAS = (
    "journal_mode=WAL",
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


def open_engine(url: str | URL) -> Engine:
    """Return connections to the database; readers of SQLite never wait for its writer."""
    url = make_url(url)
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_size=_POOL_CONNECTIONS, max_overflow=_POOL_CONNECTIONS, pool_pre_ping=True)
    engine = create_engine(
        url,
        pool_size=_POOL_CONNECTIONS,
        max_overflow=_POOL_CONNECTIONS,
        connect_args={"timeout": _BUSY_TIMEOUT_S},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def for_reading(engine: Engine) -> Engine:
    """Return the engine whose transactions see one state of the database, whatever commits meanwhile."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(begin="BEGIN")
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def for_writing(engine: Engine) -> Engine:
    """Return the engine whose transactions may write; SQLite's wait for each other when they begin."""
    return engine.execution_options(begin="BEGIN IMMEDIATE")


def create_tables(connection: Connection, tables: MetaData) -> None:
    """Create the tables that are missing; no other process does so at the same time."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
    tables.create_all(connection)
    if connection.dialect.name == "sqlite":
        tell_planner(connection, tables)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # sqlite3 would begin on the first write only: reads would not be one state
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


class Pattern(TypeDecorator[str]):
    """A pattern of LIKE, as the database at hand wants it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """Return the pattern for GLOB on SQLite, whose LIKE does not tell `a` from `A`."""
        return glob(value) if value is not None and dialect.name == "sqlite" else value


class Matches(FunctionElement[bool]):
    """Holds where a text matches a `Pattern` as a whole, with case."""

    type = Boolean()
    inherit_cache = True


@compiles(Matches)
def _like(element: Matches, compiler: SQLCompiler, **kw: Any) -> str:
    text, pattern = element.clauses
    return f"({compiler.process(text, **kw)} LIKE {compiler.process(pattern, **kw)} ESCAPE '\\')"


@compiles(Matches, "sqlite")
def _glob(element: Matches, compiler: SQLCompiler, **kw: Any) -> str:
    text, pattern = element.clauses
    return f"({compiler.process(text, **kw)} GLOB {compiler.process(pattern, **kw)})"
