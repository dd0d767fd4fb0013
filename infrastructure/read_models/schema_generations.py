"""Generations in schemas of PostgreSQL: one schema each, and a table that names the current."""

import logging
import re
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, delete, func, insert, inspect, select
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.schema import DropSchema

from infrastructure.read_models.dialects import UNBOUNDED, create_tables, for_writing, open_engine
from infrastructure.read_models.generations import kept_of
from infrastructure.read_models.postgres_bulk import PostgresBulkTables, new_schema
from infrastructure.read_models.sql import SqlReadModels
from infrastructure.read_models.tables import FINGERPRINT

_log = logging.getLogger(__name__)

GLANCE_S = 0.05
"""How old may be what a glance tells."""

_READ_TIMEOUT_S = 10.0
_CONNECTIONS = 2  # who builds holds one all the while, and uses another
_BUILD_LOCK = 0x6D6C_6275_696C
_SCHEMA = "ml_read_models"
_NAME = re.compile(rf"{_SCHEMA}_(\d+)")
_metadata = MetaData(schema=_SCHEMA)
_GENERATION = Table("generation", _metadata, Column("current", BigInteger, nullable=False))


class SchemaGenerations:
    """Generations as schemas `ml_read_models_<number>`; `ml_read_models.generation` holds the current number.

    Args:
        url: Of the database, in libpq's form.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine = open_engine(url, read_timeout_s=_READ_TIMEOUT_S, connections=_CONNECTIONS)
        self._glanced: tuple[float, int | None] = (-GLANCE_S, None)
        with for_writing(self._engine).begin() as connection:
            create_tables(connection, _metadata, schema=_SCHEMA)

    def close(self) -> None:
        """Close all connections that nobody uses."""
        self._engine.dispose()

    def current(self) -> int | None:
        """Return the number of the current generation; None before the first."""
        asked = time.monotonic()
        with self._engine.connect() as connection:
            number: int | None = connection.scalar(select(_GENERATION.c.current))
        self._glanced = (asked, number)
        return number

    def glance(self) -> int | None:
        """Return the same, asked for again every 50 ms."""
        asked, number = self._glanced
        return number if time.monotonic() - asked < GLANCE_S else self.current()

    def fingerprint(self, number: int) -> str | None:
        """Return the fingerprint of the program that made the generation; None where it cannot be told."""
        found = select(FINGERPRINT.c.fingerprint)
        try:
            with self._engine.connect().execution_options(**_in(number)) as connection:
                return connection.scalar(found)
        except ProgrammingError:  # no such table, or one of another program
            return None

    def open(self, number: int) -> SqlReadModels:
        """Return a generation that is whole."""
        return SqlReadModels(url=self._url, schema=_schema(number))

    @contextmanager
    def building(self) -> Iterator[None]:
        """Be the only one, of all processes, that builds a generation; whatever ends us lets others go on."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT", **UNBOUNDED) as connection:
            try:
                connection.exec_driver_sql("SET statement_timeout = 0; SET lock_timeout = 0")
                connection.execute(select(func.pg_advisory_lock(_BUILD_LOCK)))
                yield
            finally:
                connection.invalidate()  # the lock ends with the session

    def begin(self) -> tuple[int, AbstractContextManager[PostgresBulkTables]]:
        """Return a new number and its empty tables; what an unfinished building left is removed."""
        number = max([*self._numbers(), self.current() or 0]) + 1
        self.clear_away()
        return number, new_schema(self._url, schema=_schema(number))

    def make_current(self, number: int, *, within: Connection | None) -> None:
        """Let the generation be the current one, in the transaction that stops the one before it."""
        if within is None:
            with for_writing(self._engine).begin() as connection:
                self.make_current(number, within=connection)
            return
        within.execute(delete(_GENERATION))
        within.execute(insert(_GENERATION), {"current": number})

    def clear_away(self) -> None:
        """Remove all schemas but those of the current generation and the one before it, and those that a reader
        keeps us from removing.
        """
        kept = kept_of(self._numbers(), current=self.current())
        for number in self._numbers():
            if number in kept:
                continue
            try:
                with for_writing(self._engine).begin() as connection:
                    connection.execute(DropSchema(_schema(number), cascade=True, if_exists=True))
            except DBAPIError:
                _log.warning("Read models of generation %d stay until the next rebuild.", number, exc_info=True)

    def _numbers(self) -> list[int]:
        with self._engine.connect() as connection:
            names = inspect(connection).get_schema_names()
        return sorted(int(found[1]) for found in map(_NAME.fullmatch, names) if found is not None)


def _schema(number: int) -> str:
    return f"{_SCHEMA}_{number}"


def _in(number: int) -> dict[str, dict[None, str]]:
    return {"schema_translate_map": {None: _schema(number)}}
