"""Orders in SQL: missing values last either way, equals by id.

At a key of a free-form field stand values of several kinds, and several of them in a list: numbers come
first, then texts, then booleans; of several the least counts, or the greatest in a descending order.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Select, and_, false, func, not_, select

from application.ports.filters import Order
from infrastructure.read_models.asking import Ids
from infrastructure.read_models.conditions import Source, attributes_of, exists_in
from infrastructure.read_models.moments import Moment
from infrastructure.read_models.restrictions import COLUMNS, Demand, Restriction
from infrastructure.read_models.tables import ALWAYS_THERE, ATTRIBUTES

_SORTED_KINDS = ("number", "text", "text_rest", "boolean")
_KINDS = (("number",), ("text", "text_rest"), ("boolean",))


def sorted_ids(source: Source, restriction: Restriction, orders: Sequence[Order], moment: Moment) -> Ids:
    """Return the selection of all documents of the restriction, which the database sorts."""
    if restriction.few is None:
        demand = and_(moment.of(source.table), restriction.whole.of(source))
    else:
        columns = COLUMNS[source.collection]
        if not restriction.rest.reads_documents:
            columns &= {order.field.root for order in orders}
        source = restriction.few.rows(source, columns, moment)
        demand = restriction.rest.of(source)
    statement, keys = _with_keys(select(source.table.c.id).where(demand), source, orders, moment)
    return statement.order_by(*keys, source.table.c.id)


class Stretch(NamedTuple):
    """The documents with values of one kind where they are sorted by: an index has them in order.

    Attributes:
        source: The documents.
        order: By what they are sorted.
        columns: What holds the values.
        moment: As of when.
    """

    source: Source
    order: Order
    columns: Sequence[str]
    moment: Moment

    def values(self, restriction: Restriction) -> Select[Any]:
        """Return the selection of ids and values, sorted by value alone."""
        statement, table = self._walk(restriction, reads_documents=restriction.whole.reads_documents)
        return statement.add_columns(*self._values(table)).order_by(*self._directed(table))

    def ids(self, restriction: Restriction, others: Sequence[Order]) -> Ids:
        """Return the selection of ids, sorted by value and then by the other orders."""
        reads_documents = restriction.whole.reads_documents or bool(others)
        statement, table = self._walk(restriction, reads_documents=reads_documents)
        statement, keys = _with_keys(statement, self.source, others, self.moment)
        return statement.order_by(*self._directed(table), *keys, table.c.id)

    def have(self, values: Sequence[Any]) -> Demand:
        """Return the demand that documents have these values."""
        if self.order.field.key is None:
            return Demand(
                lambda documents: documents.table.c[self.columns[0]] == values[0],
                reads_documents=True,
            )

        def holds(documents: Source) -> ColumnElement[bool]:
            table = ATTRIBUTES.alias()
            is_its = and_(table.c.id == documents.table.c.id, self.moment.of_attributes(table))
            stands = _stands(table, self.source, self.order)
            # what may be null leads to no index of values: for a single document the one by id is the better
            return exists_in(table, is_its, stands, func.coalesce(self._are(table, values), false()))

        return Demand(holds, looks_up=True)

    def ids_of(self, values: Sequence[Any]) -> Ids | None:
        """Return what finds the documents with these values; None when no index leads to them."""
        if self.order.field.key is None:
            return None
        table = ATTRIBUTES.alias()
        stands = _stands(table, self.source, self.order)
        return select(table.c.id).where(stands, self._are(table, values), self.moment.of_attributes(table))

    def _walk(self, restriction: Restriction, *, reads_documents: bool) -> tuple[Select[Any], FromClause]:
        """Return the selection of ids, and the table in it that has them and the values."""
        documents = self.source.table
        if self.order.field.key is None:
            holds = and_(self.moment.of(documents), documents.c[self.columns[0]].is_not(None))
            return select(documents.c.id).where(holds, restriction.whole.of(self.source)), documents
        table = ATTRIBUTES.alias()
        stands = and_(_stands(table, self.source, self.order), self.moment.of_attributes(table))
        statement = select(table.c.id).where(stands, table.c[self.columns[0]].is_not(None))
        if not reads_documents:  # values know their ids, and whose they are is there at the moment
            return statement.where(restriction.whole.of(self.source._replace(table=table))), table
        statement = statement.join(documents, and_(documents.c.id == table.c.id, self.moment.of(documents)))
        return statement.where(restriction.whole.of(self.source)), table

    def _are(self, table: FromClause, values: Sequence[Any]) -> ColumnElement[bool]:
        return and_(*(column == value for column, value in zip(self._values(table), values, strict=True)))

    def _values(self, table: FromClause) -> list[ColumnElement[Any]]:
        return [table.c[name] for name in self.columns]

    def _directed(self, table: FromClause) -> list[ColumnElement[Any]]:
        return [each.desc() if self.order.descending else each.asc() for each in self._values(table)]


def stretches(source: Source, order: Order, moment: Moment) -> Iterator[Stretch]:
    """Yield what, one after the other, are all documents with a value, in their order."""
    kinds = ((order.field.root,),) if order.field.key is None else _KINDS
    for columns in kinds:
        yield Stretch(source, order, columns, moment)


def no_value(source: Source, order: Order, moment: Moment) -> Demand:
    """Return the demand that documents have nothing to be sorted by: they come last."""
    if order.field.key is None:
        return Demand(lambda documents: documents.table.c[order.field.root].is_(None), reads_documents=True)

    def holds(documents: Source) -> ColumnElement[bool]:
        value = ATTRIBUTES.alias()
        is_its = and_(value.c.id == documents.table.c.id, moment.of_attributes(value))
        return not_(exists_in(value, is_its, _stands(value, source, order)))

    return Demand(holds, looks_up=True)


def _with_keys(
    statement: Select[Any], source: Source, orders: Iterable[Order], moment: Moment
) -> tuple[Select[Any], list[ColumnElement[Any]]]:
    """Return the statement with the tables that hold what is sorted by, and what that is."""
    keys: list[ColumnElement[Any]] = []
    for order in orders:
        if order.field.key is None:
            column = source.table.c[order.field.root]
            keys.append(_directed(column, order, nullable=order.field.root not in ALWAYS_THERE))
            continue
        value = ATTRIBUTES.alias()
        is_its = and_(value.c.id == source.table.c.id, _stands(value, source, order), moment.of_attributes(value))
        statement = statement.outerjoin(value, is_its)
        keys.extend(_directed(value.c[kind], order, nullable=True) for kind in _SORTED_KINDS)
    return statement, keys


def _stands(value: FromClause, source: Source, order: Order) -> ColumnElement[bool]:
    """Return whether the attribute stands for its document in the order."""
    of_several = value.c.is_greatest if order.descending else value.c.is_least
    return and_(attributes_of(source, order.field, value), of_several.is_(True))


def _directed(column: ColumnElement[Any], order: Order, *, nullable: bool) -> ColumnElement[Any]:
    directed = column.desc() if order.descending else column.asc()
    return directed.nulls_last() if nullable else directed
