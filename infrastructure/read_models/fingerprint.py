"""What read models look like to the program that makes them: whoever sees another one makes them anew."""

from functools import cache
from hashlib import sha256

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from infrastructure.read_models.contents import KEYED
from infrastructure.read_models.tables import TABLES

PROJECTION_VERSION = 6
"""To be raised with every change of what projections put, of how documents are written or attributes flattened."""

_DIALECTS: tuple[Dialect, ...] = (SQLiteDialect_pysqlite(), PGDialect_psycopg())  # type: ignore[no-untyped-call] # theirs


@cache
def fingerprint() -> str:
    """Return the digest of the tables, their indexes, the free-form fields and the version of the projections."""
    parts = [f"projections {PROJECTION_VERSION}"]
    parts += [f"{collection}: {', '.join(roots)}" for collection, roots in KEYED.items()]
    for dialect in _DIALECTS:
        for table in TABLES.sorted_tables:
            parts.append(str(CreateTable(table).compile(dialect=dialect)))
            indexes = sorted(table.indexes, key=lambda index: str(index.name))
            parts += [str(CreateIndex(index).compile(dialect=dialect)) for index in indexes]
    return sha256("\n".join(parts).encode()).hexdigest()
