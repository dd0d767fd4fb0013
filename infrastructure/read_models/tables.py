"""The tables: one for each collection, one for keys of free-form fields, and what is known of the log.

Rows are system-versioned: a row holds at position P where `from_position <= P < to_position`. What holds
now is open: its `to_position` is `OPEN`, so "now" is an equality that every index below can begin with.
"""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, MetaData, PrimaryKeyConstraint, Table
from sqlalchemy.types import TypeEngine

from application.ports.read_models import FIELDS, Collection, FieldKind
from infrastructure.read_models.dialects import TEXT
from infrastructure.read_models.lifetimes import digits_of_lifetime
from infrastructure.read_models.postgres_planning import TOGETHER

OPEN = 2**63 - 1
"""Until when an open row holds."""

ALWAYS_THERE = frozenset({"id", "name", "created_at"})
"""Fields that every document has, where its collection has them: orders by them need no care for null."""

INDEXED = ("name", "model_id", "status", "series_id")
"""Fields that have an index of their own, where a collection has them."""

FILED_BY_LIFETIME = frozenset({"status"})
"""Those of them whose index finds what holds at a moment by how long it does: a status is one of few, so of
the documents that ever had it nearly all have another by now."""

_TYPES: dict[FieldKind, TypeEngine[Any]] = {
    FieldKind.TEXT: TEXT,
    FieldKind.INSTANT: TEXT,
    FieldKind.NUMBER: Double(),
    FieldKind.BOOLEAN: Boolean(),
}
_metadata = MetaData()


def _documents(collection: Collection) -> Table:
    fields = {name: kind for name, kind in FIELDS[collection].items() if kind is not FieldKind.KEYED}
    table = Table(
        collection.value,
        _metadata,
        *(Column(name, _TYPES[kind], nullable=name not in ALWAYS_THERE) for name, kind in fields.items()),
        Column("document", TEXT, nullable=False),
        Column("to_position", BigInteger, nullable=False),
        Column("from_position", BigInteger, nullable=False),
        # With the end before the beginning the row of now, and that of any recent position, is found at once.
        PrimaryKeyConstraint("id", "to_position", "from_position"),
    )
    column = table.c
    # Lists by age: what is open, oldest first; and the same at a past position. What a status says of a
    # document is asked so often that the document itself should not have to be read for it.
    status = [column.status] if "status" in fields else []
    Index(f"{collection}_open", column.to_position, column.created_at, column.id, *status)
    Index(f"{collection}_aged", column.created_at, column.to_position, column.from_position, column.id, *status)
    # What there is at a position, in no order.
    by_lifetime = (digits_of_lifetime(table), column.from_position, column.to_position, column.id)
    Index(f"{collection}_held", *by_lifetime)
    for name in INDEXED:
        if name in fields:
            belongs_to = [column.model_id] if "model_id" in fields and name != "model_id" else []
            by_end = (column.to_position, column.from_position, column.id)
            place = by_lifetime if name in FILED_BY_LIFETIME else by_end
            Index(f"{collection}_{name}", column[name], *place, *belongs_to)
    return table


DOCUMENTS = {collection: _documents(collection) for collection in Collection}
"""The table of each collection: a column for each field that has no keys, and the document as JSON."""

ATTRIBUTES = Table(
    "attributes",
    _metadata,
    Column("collection", TEXT, primary_key=True),
    Column("root", TEXT, primary_key=True),
    Column("key", TEXT, primary_key=True),
    Column("id", TEXT, primary_key=True),
    Column("to_position", BigInteger, primary_key=True, autoincrement=False),
    Column("from_position", BigInteger, primary_key=True, autoincrement=False),
    Column("ordinal", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Double),
    Column("text", TEXT),
    Column("text_rest", TEXT, nullable=False),
    Column("boolean", Boolean),
    Column("is_least", Boolean, nullable=False),
    Column("is_greatest", Boolean, nullable=False),
    sqlite_with_rowid=False,
    info={TOGETHER: ("collection", "root", "key")},
)
"""One row for each value at a key of a free-form field; `attributes.flatten` says which."""

for _kind in ("number", "text", "boolean"):
    _c = ATTRIBUTES.c
    _is_of_kind = _c[_kind].is_not(None)
    Index(
        f"attributes_{_kind}",
        _c.collection,
        _c.root,
        _c.key,
        _c[_kind],
        _c.to_position,
        _c.from_position,
        _c.id,
        _c.is_least,
        _c.is_greatest,
        sqlite_where=_is_of_kind,
        postgresql_where=_is_of_kind,
    )

POSITION = Table(
    "position",
    _metadata,
    Column("name", TEXT, primary_key=True),
    Column("position", BigInteger, nullable=False),
)
"""The position of the last event applied, moved in the transaction that applies it."""

INSTANTS = Table(
    "instants",
    _metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("before", BigInteger, nullable=False),
    Column("instant", BigInteger, nullable=False),
)
"""One row for each event later than all events before it: its position, that of the event before it, and its
timestamp in microseconds since 1970. Both rise from row to row."""

Index("instants_instant", INSTANTS.c.instant, unique=True)

PARKED = Table(
    "parked",
    _metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("topic", TEXT, nullable=False),
    Column("error", TEXT, nullable=False),
)
"""The events that could not be read."""

FINGERPRINT = Table("fingerprint", _metadata, Column("fingerprint", TEXT, primary_key=True))
"""What the program that made these tables thinks of them: one row."""

TABLES = _metadata
"""All of them."""
