"""Signs of life in a small table of their own, away from the log, so that a beat wakes nobody who reads it."""

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from sqlalchemy import URL, Column, Engine, Integer, MetaData, String, Table, create_engine, event, select

_metadata = MetaData()
_heartbeats = Table(
    "heartbeats",
    _metadata,
    Column("job_id", String(36), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("counter", Integer, nullable=False),
)


def sqlite_engine(path: Path) -> Engine:
    """Return an engine on a SQLite file that is shared by processes and need not survive a power cut."""
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": 10})

    @event.listens_for(engine, "connect")
    def _configure(connection: object, _: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]  # the driver's own connection
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=OFF")
        cursor.close()

    return engine


class SqlHeartbeats:
    """Heartbeats in a table that all processes of a service reach."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        _metadata.create_all(engine)

    def beat(self, job_id: UUID, attempt: int) -> None:
        """Count one more sign of life of this attempt."""
        which = (_heartbeats.c.job_id == str(job_id)) & (_heartbeats.c.attempt == attempt)
        with self._engine.begin() as connection:
            counted = connection.execute(
                _heartbeats.update().where(which).values(counter=_heartbeats.c.counter + 1)
            )
            if counted.rowcount == 0:
                connection.execute(_heartbeats.insert().values(job_id=str(job_id), attempt=attempt, counter=1))

    def counters(self) -> Mapping[tuple[UUID, int], int]:
        """Return (job, attempt) → counter, for all that were not cleared."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(_heartbeats)).all()
        return {(UUID(row.job_id), row.attempt): row.counter for row in rows}

    def clear(self, job_id: UUID) -> None:
        """Forget the job: it has ended."""
        with self._engine.begin() as connection:
            connection.execute(_heartbeats.delete().where(_heartbeats.c.job_id == str(job_id)))

    def close(self) -> None:
        """Let go of the table."""
        self._engine.dispose()
