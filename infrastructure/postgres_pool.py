"""SQLAlchemy's connections to PostgreSQL: so many at most, none of them waited for or waited on for ever."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import InvalidatePoolError

from infrastructure.postgres_connection import BoundedConnection

_FREE_WITHIN_S = 5.0
"""So long one waits for a connection when others use all of them."""


def pooled_engine(
    connect: Callable[[], BoundedConnection], *, connections: int, answers_within_s: float
) -> Engine:
    """Return an engine whose connections are made as they are needed, and then kept.

    Before a connection is lent the server is asked whether it is there: one that was restarted meanwhile is no
    error to whoever asks next. One that stands still is, within seconds.

    Args:
        connect: Makes a connection.
        connections: So many at most.
        answers_within_s: So long the server may take for an answer; whoever has a connection may change it for
            that one, for as long as they have it.
    """
    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,  # libpq reads the URL itself: SQLAlchemy would not understand all that it does
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_FREE_WITHIN_S,
    )

    @event.listens_for(engine, "checkout")
    def require_answer(connection: BoundedConnection, _record: Any, _lent: Any) -> None:
        if not connection.answers():
            raise InvalidatePoolError
        connection.answers_within_s = answers_within_s

    return engine
