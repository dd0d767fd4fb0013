"""Orders in SQL: missing values last either way, equals by id.

At a key of a free-form field stand values of several kinds, and several of them in a list: numbers come
first, then texts, then booleans; of several the least counts, or the greatest in a descending order.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_

from application.ports.filters import Order
from infrastructure.read_models.conditions import Source, attributes_of
from infrastructure.read_models.moments import Moment
from infrastructure.read_models.tables import ALWAYS_THERE, ATTRIBUTES

_SORTED_KINDS = ("number", "text", "text_rest", "boolean")


def ordered(statement: Select[Any], source: Source, orders: Iterable[Order], moment: Moment) -> Select[Any]:
    """Return the statement over the source, sorted."""
    joined: FromClause = source.table
    keys: list[ColumnElement[Any]] = []
    for order in orders:
        if order.field.key is None:
            column = source.table.c[order.field.root]
            keys.append(_directed(column, order, nullable=order.field.root not in ALWAYS_THERE))
            continue
        value = ATTRIBUTES.alias()
        joined = joined.outerjoin(
            value,
            and_(
                attributes_of(source, order.field, value),
                value.c.id == source.table.c.id,
                moment.of(value),
                (value.c.is_greatest if order.descending else value.c.is_least).is_(True),
            ),
        )
        keys.extend(_directed(value.c[kind], order, nullable=True) for kind in _SORTED_KINDS)
    return statement.select_from(joined).order_by(*keys, source.table.c.id)


def _directed(column: ColumnElement[Any], order: Order, *, nullable: bool) -> ColumnElement[Any]:
    directed = column.desc() if order.descending else column.asc()
    return directed.nulls_last() if nullable else directed
