"""The tables of the event store on PostgreSQL, and how they come to be."""

from typing import Any

import psycopg

CHANNEL = "ml_events"
"""Where each append is announced."""

ONE_EVENT_PER_VERSION = "one_event_per_version"
"""The constraint that tells a conflict from every other error."""

# Any number will do that no other lock of this database has.
_MIGRATION_LOCK = 0x6D6C_6576_656E
_ARE_THERE = (
    "SELECT to_regclass('ml_events.stored_events') IS NOT NULL AND to_regclass('ml_events.chain') IS NOT NULL"
)
_IS_SCHEMA_THERE = "SELECT to_regnamespace('ml_events') IS NOT NULL"
_CREATE_TABLES = f"""
CREATE TABLE IF NOT EXISTS ml_events.stored_events (
    position bigint PRIMARY KEY,
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL,
    topic text NOT NULL,
    state bytea NOT NULL,
    CONSTRAINT {ONE_EVENT_PER_VERSION} UNIQUE (originator_id, originator_version)
);
CREATE TABLE IF NOT EXISTS ml_events.chain (
    position bigint PRIMARY KEY,
    hash bytea NOT NULL
)
"""


def create_tables(connection: psycopg.Connection[Any]) -> None:
    """Create what is missing, once, however many processes start together.

    Nothing is asked of a role that may not create anything when all is there.
    """
    if _holds(connection, _ARE_THERE):
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MIGRATION_LOCK])
        if not _holds(connection, _IS_SCHEMA_THERE):
            connection.execute("CREATE SCHEMA ml_events")
        connection.execute(_CREATE_TABLES)


def _holds(connection: psycopg.Connection[Any], question: str) -> bool:
    row = connection.execute(question).fetchone()
    return row is not None and bool(row[0])
