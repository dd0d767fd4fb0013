"""Which messages are being handled at this moment, so that one whose handling ends the process is known by it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import BigInteger, Column, Engine, Integer, MetaData, String, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from infrastructure.operation import SCHEMA, create_missing

_metadata = MetaData(schema=SCHEMA)
_attempts = Table(
    "inbox_attempts",
    _metadata,
    Column("stream", String(255), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("begun", Integer, nullable=False),
)
_INSERT: Mapping[str, Callable[..., Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

Place = tuple[str, int]
"""A stream, and a message's place there."""


class InboxAttempts:
    """Attempts at handling messages that have begun and not ended, in a table of the operation database.

    Args:
        engine: As `operation_engine` makes it; whoever made it disposes of it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        create_missing(engine, _metadata)
        first = _INSERT[engine.dialect.name](_attempts)
        self._begin = first.on_conflict_do_update(
            index_elements=[_attempts.c.stream, _attempts.c.sequence], set_={"begun": _attempts.c.begun + 1}
        )

    def unfinished(self, place: Place) -> int:
        """Return how many attempts at the message have begun and never ended: a process has died each time."""
        with self._engine.connect() as connection:
            return connection.execute(select(_attempts.c.begun).where(_is_at(place))).scalar() or 0

    def begin(self, place: Place) -> None:
        """Note that an attempt at the message begins."""
        stream, sequence = place
        with self._engine.begin() as connection:
            connection.execute(self._begin, {"stream": stream, "sequence": sequence, "begun": 1})

    def end(self, places: Iterable[Place]) -> None:
        """Forget all attempts at the messages: one has ended, or this process lets go of them in good order."""
        with self._engine.begin() as connection:
            for place in places:
                connection.execute(_attempts.delete().where(_is_at(place)))


def _is_at(place: Place) -> Any:
    stream, sequence = place
    return (_attempts.c.stream == stream) & (_attempts.c.sequence == sequence)
