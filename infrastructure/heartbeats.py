"""Signs of life in a small table of their own, away from the log, so that a beat wakes nobody who reads it."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from infrastructure.operation import SCHEMA, create_missing

_metadata = MetaData(schema=SCHEMA)
_heartbeats = Table(
    "heartbeats",
    _metadata,
    Column("job_id", String(36), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("counter", Integer, nullable=False),
)
_INSERT: Mapping[str, Callable[..., Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class SqlHeartbeats:
    """Heartbeats in a table that all processes of a service reach.

    Args:
        engine: As `operation_engine` makes it; whoever made it disposes of it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        create_missing(engine, _metadata)
        first = _INSERT[engine.dialect.name](_heartbeats)
        self._beat = first.on_conflict_do_update(
            index_elements=[_heartbeats.c.job_id, _heartbeats.c.attempt],
            set_={"counter": _heartbeats.c.counter + 1},
        )

    def beat(self, job_id: UUID, attempt: int) -> None:
        """Count one more sign of life of this attempt."""
        with self._engine.begin() as connection:
            connection.execute(self._beat, {"job_id": str(job_id), "attempt": attempt, "counter": 1})

    def counters(self) -> Mapping[tuple[UUID, int], int]:
        """Return (job, attempt) → counter, for all that were not cleared."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(_heartbeats)).all()
        return {(UUID(row.job_id), row.attempt): row.counter for row in rows}

    def clear(self, job_id: UUID, attempt: int) -> None:
        """Forget the attempt: it has ended. Of others at the same job nothing is forgotten."""
        is_it = (_heartbeats.c.job_id == str(job_id)) & (_heartbeats.c.attempt == attempt)
        with self._engine.begin() as connection:
            connection.execute(_heartbeats.delete().where(is_it))
