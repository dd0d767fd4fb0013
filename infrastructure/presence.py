"""Signs of life of processes, in a small table beside those of jobs."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from infrastructure.operation import SCHEMA, create_missing

_metadata = MetaData(schema=SCHEMA)
_processes = Table(
    "workers",  # as it was called when they alone gave signs
    _metadata,
    Column("name", String(255), primary_key=True),
    Column("counter", Integer, nullable=False),
)
_INSERT: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
)


class SqlPresence:
    """Signs of life in a table that all processes of a service reach.

    Args:
        engine: As `operation_engine` makes it; whoever made it disposes of it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        create_missing(engine, _metadata)
        first = _INSERT[engine.dialect.name](_processes)
        self._sign = first.on_conflict_do_update(
            index_elements=[_processes.c.name], set_={"counter": _processes.c.counter + 1}
        )

    def sign(self, name: str) -> None:
        """Count one more sign of life of this process."""
        with self._engine.begin() as connection:
            connection.execute(self._sign, {"name": name, "counter": 1})

    def signs(self) -> Mapping[str, int]:
        """Return process → counter, for all that are not forgotten."""
        with self._engine.connect() as connection:
            return {row.name: row.counter for row in connection.execute(select(_processes))}

    def forget(self, name: str, *, counter: int | None = None) -> None:
        """Forget the process; where a counter is given, only if it still stands there."""
        statement = _processes.delete().where(_processes.c.name == name)
        if counter is not None:
            statement = statement.where(_processes.c.counter == counter)
        with self._engine.begin() as connection:
            connection.execute(statement)
