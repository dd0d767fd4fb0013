"""Orders in SQL: missing values last either way, equals by id.

At a key of a free-form field stand values of several kinds, and several of them in a list: numbers come
first, then texts, then booleans; of several the least counts, or the greatest in a descending order.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, not_, select

from application.ports.filters import Order
from infrastructure.read_models.conditions import Source, attributes_of, exists_in
from infrastructure.read_models.moments import Moment
from infrastructure.read_models.restrictions import EVERYTHING, Restriction
from infrastructure.read_models.tables import ALWAYS_THERE, ATTRIBUTES

_SORTED_KINDS = ("number", "text", "text_rest", "boolean")
_STRETCHES = (("number",), ("text", "text_rest"), ("boolean",))

Ids = Select[str]


def sorted_ids(source: Source, restriction: Restriction, orders: Sequence[Order], moment: Moment) -> Iterator[Ids]:
    """Yield selections of ids which, one after the other, are all documents of the restriction in their order.

    Where many documents are to be sorted by a key, each kind of value at the key is a selection, and those
    without a value another: each is read in the order of an index, as far as the page goes.
    """
    if restriction.ids is None and orders and orders[0].field.key is not None:
        return _by_stretches(source, restriction, orders, moment)
    return iter((_at_once(source, restriction, orders, moment),))


def _at_once(source: Source, restriction: Restriction, orders: Iterable[Order], moment: Moment) -> Ids:
    joined, keys = _keys(source.table, source, orders, moment)
    statement = (
        select(source.table.c.id).select_from(joined).where(moment.of(source.table), restriction.of(source))
    )
    return statement.order_by(*keys, source.table.c.id)


def _by_stretches(
    source: Source, restriction: Restriction, orders: Sequence[Order], moment: Moment
) -> Iterator[Ids]:
    first, *others = orders
    for columns in _STRETCHES:
        value = ATTRIBUTES.alias()
        stands = and_(_stands(value, source, first), moment.of(value), value.c[columns[0]].is_not(None))
        joined: FromClause = value
        keys: list[ColumnElement[Any]] = []
        if (
            others or restriction is not EVERYTHING
        ):  # else the documents need not be looked at: values know their ids
            document = and_(source.table.c.id == value.c.id, moment.of(source.table))
            joined, keys = _keys(value.join(source.table, document), source, others, moment)
        by_value = [value.c[name].desc() if first.descending else value.c[name].asc() for name in columns]
        statement = select(value.c.id).select_from(joined).where(stands, restriction.of(source))
        yield statement.order_by(*by_value, *keys, value.c.id)
    value = ATTRIBUTES.alias()
    is_its = and_(value.c.id == source.table.c.id, moment.of_attributes(value))
    has_none = not_(exists_in(value, is_its, _stands(value, source, first)))
    without = Restriction(None, and_(has_none, restriction.condition))
    yield _at_once(source, without, others, moment)


def _keys(
    joined: FromClause, source: Source, orders: Iterable[Order], moment: Moment
) -> tuple[FromClause, list[ColumnElement[Any]]]:
    """Return what to sort by, and the tables that it is in, joined."""
    keys: list[ColumnElement[Any]] = []
    for order in orders:
        if order.field.key is None:
            column = source.table.c[order.field.root]
            keys.append(_directed(column, order, nullable=order.field.root not in ALWAYS_THERE))
            continue
        value = ATTRIBUTES.alias()
        is_its = and_(value.c.id == source.table.c.id, _stands(value, source, order), moment.of_attributes(value))
        joined = joined.outerjoin(value, is_its)
        keys.extend(_directed(value.c[kind], order, nullable=True) for kind in _SORTED_KINDS)
    return joined, keys


def _stands(value: FromClause, source: Source, order: Order) -> ColumnElement[bool]:
    """Return whether the attribute stands for its document in the order."""
    of_several = value.c.is_greatest if order.descending else value.c.is_least
    return and_(attributes_of(source, order.field, value), of_several.is_(True))


def _directed(column: ColumnElement[Any], order: Order, *, nullable: bool) -> ColumnElement[Any]:
    directed = column.desc() if order.descending else column.asc()
    return directed.nulls_last() if nullable else directed
