"""Snapshots in a table beside the log, each with a digest by which a damaged one is known."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Engine, Integer, LargeBinary, MetaData, String, Table, select, type_coerce
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import NullType

from application.ports.snapshots import Snapshot
from infrastructure.operation import SCHEMA, create_missing

_metadata = MetaData(schema=SCHEMA)
_snapshots = Table(
    "snapshots",
    _metadata,
    Column("stream_id", String(36), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("schema_id", String, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)
_INSERT: Mapping[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
# as the driver gives it: in a damaged file of SQLite any type may stand in any column
_AS_STORED = [type_coerce(column, NullType()).label(column.name) for column in _snapshots.c]


class SqlSnapshots:
    """Snapshots that all processes of a service share.

    Args:
        engine: As `operation_engine` makes it; whoever made it disposes of it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        create_missing(engine, _metadata)
        insert = _INSERT[engine.dialect.name](_snapshots)
        replaced = {name: insert.excluded[name] for name in ("version", "schema_id", "state", "digest")}
        self._put = insert.on_conflict_do_update(index_elements=[_snapshots.c.stream_id], set_=replaced)

    def latest(self, stream_id: UUID) -> Snapshot | None:
        """Return what was put last; None when there is none, or not as it was put."""
        of_stream = select(*_AS_STORED).where(_snapshots.c.stream_id == str(stream_id))
        with self._engine.connect() as connection:
            row = connection.execute(of_stream).first()
        if row is None or not all(
            isinstance(value, kind) for value, kind in zip(row, (str, int, str, bytes, bytes), strict=True)
        ):
            return None
        snapshot = Snapshot(version=row.version, schema_id=row.schema_id, state=row.state)
        return snapshot if row.digest == _digest(stream_id, snapshot) else None

    def put(self, stream_id: UUID, snapshot: Snapshot) -> None:
        """Keep this one, in the place of any other of the stream."""
        row = {"stream_id": str(stream_id), **snapshot.model_dump(), "digest": _digest(stream_id, snapshot)}
        with self._engine.begin() as connection:
            connection.execute(self._put, row)


def _digest(stream_id: UUID, snapshot: Snapshot) -> bytes:
    digest = sha256(f"{stream_id}/{snapshot.version}/{snapshot.schema_id}\n".encode())
    digest.update(snapshot.state)
    return digest.digest()
