"""The positions of followers in a small table that all processes of a service share."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import BigInteger, Column, Engine, MetaData, String, Table, Text, select
from sqlalchemy.dialects import postgresql, sqlite

from infrastructure.operation import SCHEMA, create_missing

_metadata = MetaData(schema=SCHEMA)
_followers = Table(
    "followers",
    _metadata,
    Column("name", String(255), primary_key=True),
    Column("position", BigInteger),
    Column("notes", Text),
)
_INSERT: Mapping[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class SqlFollowerPositions:
    """What followers of the log note, in a table of the operation database.

    Args:
        engine: As `operation_engine` makes it; whoever made it disposes of it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        create_missing(engine, _metadata)
        self._insert = _INSERT[engine.dialect.name](_followers)

    def get(self, name: str) -> int | None:
        """Return the position that the follower noted last; None when there is none."""
        position: int | None = self._read(_followers.c.position, name)
        return position

    def set(self, name: str, position: int) -> None:
        """Note the position."""
        self._write(name, position=position)

    def notes(self, name: str) -> str | None:
        """Return what else the follower noted, as it wrote it; None when there is nothing."""
        notes: str | None = self._read(_followers.c.notes, name)
        return notes

    def note(self, name: str, notes: str | None) -> None:
        """Note this in place of what else was noted; the position stays."""
        self._write(name, notes=notes)

    def _read(self, column: Column[Any], name: str) -> Any:
        with self._engine.connect() as connection:
            return connection.execute(select(column).where(_followers.c.name == name)).scalar()

    def _write(self, name: str, **values: Any) -> None:
        upsert = self._insert.on_conflict_do_update(index_elements=[_followers.c.name], set_=values)
        with self._engine.begin() as connection:
            connection.execute(upsert, {"name": name, **values})
