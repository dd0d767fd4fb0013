"""The statements that a page of events is written with, compiled once for the database at hand."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    CursorResult,
    Dialect,
    Insert,
    Select,
    Update,
    bindparam,
    func,
    insert,
    select,
    update,
)

from application.ports.read_models import Collection
from infrastructure.read_models.tables import ATTRIBUTES, DOCUMENTS, INSTANTS, OPEN, PARKED, POSITION


class Prepared:
    """A statement whose parameters go to the driver as they are.

    SQLAlchemy would look at each value of each row again, which takes longer than the rest of writing it.
    So values are of the types that every driver takes: str, int, float, bool and None.

    Args:
        statement: What to run.
        dialect: Of the database.
        schema: Where the tables are; None for where the database looks by itself.
    """

    def __init__(
        self, statement: Insert | Update | Select[Any], *, dialect: Dialect, schema: str | None = None
    ) -> None:
        place: dict[str, Any] = {}
        if schema is not None:
            place = {"schema_translate_map": {None: schema}, "render_schema_translate": True}
        compiled = statement.compile(dialect=dialect, **place)
        self._text = str(compiled)
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        names = getattr(compiled, "positiontup", None)  # None where the driver takes parameters by name
        self._in_order = None if names is None else itemgetter(*names)

    def run(self, connection: Connection, *rows: Mapping[str, Any]) -> CursorResult[Any]:
        """Execute the statement, once for each row of parameters."""
        parameters: Sequence[Any] = [{**self._fixed, **row} for row in rows]
        if self._in_order is not None:
            parameters = list(map(self._in_order, parameters))
        return connection.exec_driver_sql(self._text, parameters)


class PageStatements:
    """What a page of events runs.

    Args:
        dialect: Of the database.
        schema: Where the tables are; None for where the database looks by itself.

    Attributes:
        move: Moves the position of `name` from `after` to `upto`.
        one: Finds what is open of `sought_id`, as id and text.
        several: The same for all of `sought_ids`.
        close: Ends what is open of `closed_id` at `closed_at`.
        add: Adds a document.
        close_attribute: Ends what is open of `of_collection`, `of_id`, `of_root`, `of_key` at `closed_at`.
        add_attribute: Adds a value of an attribute.
        latest: Finds the latest instant; NULL before the first.
        add_instant: Adds an instant.
        park: Adds an event that could not be read.
    """

    def __init__(self, dialect: Dialect, *, schema: str | None = None) -> None:
        def prepared(statement: Insert | Update | Select[Any]) -> Prepared:
            return Prepared(statement, dialect=dialect, schema=schema)

        self.move = prepared(_MOVE)
        self.one = {collection: prepared(_one(collection)) for collection in Collection}
        self.several = {collection: _several(collection) for collection in Collection}
        self.close = {collection: prepared(_close(collection)) for collection in Collection}
        self.add = {collection: prepared(insert(table)) for collection, table in DOCUMENTS.items()}
        self.close_attribute = prepared(_CLOSE_ATTRIBUTE)
        self.add_attribute = prepared(insert(ATTRIBUTES))
        self.latest = select(func.max(INSTANTS.c.instant))
        self.add_instant = prepared(insert(INSTANTS))
        self.park = prepared(insert(PARKED))


_MOVE = (
    update(POSITION)
    .where(POSITION.c.name == bindparam("of_name"), POSITION.c.position == bindparam("after"))
    .values(position=bindparam("upto"))
)
_CLOSE_ATTRIBUTE = (
    update(ATTRIBUTES)
    .where(
        *(ATTRIBUTES.c[name] == bindparam(f"of_{name}") for name in ("collection", "id", "root", "key")),
        ATTRIBUTES.c.to_position == OPEN,
    )
    .values(to_position=bindparam("closed_at"))
)


def _one(collection: Collection) -> Select[Any]:
    column = DOCUMENTS[collection].c
    return select(column.id, column.document).where(
        column.id == bindparam("sought_id"), column.to_position == OPEN
    )


def _several(collection: Collection) -> Select[Any]:
    column = DOCUMENTS[collection].c
    sought: BindParameter[list[str]] = bindparam("sought_ids", expanding=True)
    return select(column.id, column.document).where(column.id.in_(sought), column.to_position == OPEN)


def _close(collection: Collection) -> Update:
    table = DOCUMENTS[collection]
    is_open = (table.c.id == bindparam("closed_id"), table.c.to_position == OPEN)
    return update(table).where(*is_open).values(to_position=bindparam("closed_at"))
