"""The tables of the reference server: those that read models are searched in, without a past, and its own.

A row's `from_position` is the position that it stands at; every row is open.
"""

from sqlalchemy import BigInteger, Column, MetaData, Table

from application.ports.metadata_store import MIRRORED
from infrastructure.read_models.dialects import TEXT
from infrastructure.read_models.fingerprint import fingerprint
from infrastructure.read_models.tables import ATTRIBUTES, DOCUMENTS

_OWN_VERSION = 1
"""To be raised with every change of the tables below."""

TABLES = MetaData()
"""All of them."""

for _table in (*(DOCUMENTS[each] for each in MIRRORED), ATTRIBUTES):
    _table.to_metadata(TABLES)

TOMBSTONES = Table(
    "tombstones",
    TABLES,
    Column("collection", TEXT, primary_key=True),
    Column("id", TEXT, primary_key=True),
    Column("position", BigInteger, nullable=False),
)
"""At which position there is no such row any more."""

ARRIVED = Table(
    "arrived",
    TABLES,
    Column("collection", TEXT, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("part", BigInteger, nullable=False),
)
"""Of each collection: nothing is missing before this mark."""

AHEAD = Table(
    "ahead",
    TABLES,
    Column("collection", TEXT, primary_key=True),
    Column("after_position", BigInteger, primary_key=True, autoincrement=False),
    Column("after_part", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("part", BigInteger, nullable=False),
)
"""What has arrived beyond a gap, from mark to mark."""

MADE_BY = Table(
    "made_by",
    TABLES,
    Column("fingerprint", TEXT, primary_key=True),
    Column("identity", TEXT, nullable=False),
)
"""Whose tables these are, and which: one row."""


def own_fingerprint() -> str:
    """Return what this program's tables are told from others by."""
    return f"{fingerprint()} {_OWN_VERSION}"
