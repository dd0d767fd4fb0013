"""Conditions in SQL. Every one is true or false, never null: so NOT means what it says."""

from collections.abc import Iterable, Mapping, Set
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    false,
    func,
    literal_column,
    not_,
    select,
)

from application.ports.filters import And, Comparison, Condition, FieldPath, IsNull, Not, OneOf, Operator, Or
from application.ports.read_models import Collection
from infrastructure.read_models.attributes import indexed_key
from infrastructure.read_models.comparisons import attribute_compared, compared, one_of
from infrastructure.read_models.moments import Moment
from infrastructure.read_models.patterns import beginning
from infrastructure.read_models.predicates import all_of, any_of, found
from infrastructure.read_models.tables import ALWAYS_THERE, ATTRIBUTES, DOCUMENTS, FILED_BY_LIFETIME, INDEXED


class Source(NamedTuple):
    """Rows of documents that fields are looked up in."""

    collection: Collection
    table: FromClause


def attributes_of(source: Source, field: FieldPath, table: FromClause) -> ColumnElement[bool]:
    """Return which attributes are values of the field in this collection."""
    return and_(
        table.c.collection == source.collection.value,
        table.c.root == field.root,
        table.c.key == indexed_key(field.key or ""),
    )


def exists_in(table: FromClause, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return whether a row of the table fulfils the conditions, whose other tables are those around it.

    Said outright, because left to itself SQLAlchemy looks for them in the next query around only: one
    further out would stand here a second time, with rows of its own. The offset keeps PostgreSQL from
    reading all rows at once, to join them: few are asked for, and by index.
    """
    rows = select(table.c.id).where(*conditions).correlate_except(table)
    return rows.offset(literal_column("0")).exists()


def speaks_of(condition: Condition, roots: Iterable[str]) -> bool:
    """Tell whether the condition is about one of the fields."""
    match condition:
        case Comparison() | OneOf() | IsNull():
            return condition.field.root in roots
        case Not():
            return speaks_of(condition.condition, roots)
        case And() | Or():
            return any(speaks_of(each, roots) for each in condition.conditions)


class Translation:
    """Writes conditions over fields in SQL.

    Args:
        sources: Where each field is looked up.
        moment: As of when.
        uncommon: Conditions that few documents fulfil.
    """

    def __init__(
        self, sources: Mapping[str, Source], moment: Moment, *, uncommon: Set[Condition] = frozenset()
    ) -> None:
        self._sources = sources
        self._moment = moment
        self._uncommon = uncommon

    def of(self, condition: Condition) -> ColumnElement[bool]:
        """Return whether the rows around fulfil the condition."""
        match condition:
            case Comparison() | OneOf() | IsNull():
                keyed = condition.field.key is not None
                return self._among_found(
                    condition, self._of_key(condition) if keyed else self._of_column(condition)
                )
            case Not():
                return not_(self.of(condition.condition))
            case And():
                return all_of(map(self.of, condition.conditions))
            case Or():
                return any_of(map(self.of, condition.conditions))

    def by_index(self, condition: Comparison | OneOf) -> Select[str] | None:
        """Return the ids of the documents that fulfil the condition; None when no index leads to them."""
        if isinstance(condition, Comparison) and not _is_range(condition):
            return None
        if condition.field.key is not None:
            attribute = ATTRIBUTES.alias()
            at_key = attributes_of(self._sources[condition.field.root], condition.field, attribute)
            is_found = and_(at_key, self._moment.of_attributes(attribute), _is_met(condition, attribute))
            return select(attribute.c.id).where(is_found)
        if condition.field.root not in INDEXED:
            return None
        table = self._sources[condition.field.root].table
        if condition.field.root in FILED_BY_LIFETIME:
            return self._moment.ids(table).where(self._of_column(condition))
        return select(table.c.id).where(self._moment.of(table), self._of_column(condition))

    def _of_column(self, condition: Comparison | OneOf | IsNull) -> ColumnElement[bool]:
        root = condition.field.root
        column = self._sources[root].table.c[root]
        holds: ColumnElement[bool]
        match condition:
            case IsNull():
                return column.is_(None)
            case OneOf():
                holds = column.in_(condition.literals)
            case Comparison():
                holds = compared(column, condition.operator, condition.literal)
        return holds if root in ALWAYS_THERE else and_(column.is_not(None), holds)

    def _among_found(
        self, condition: Comparison | OneOf | IsNull, holds: ColumnElement[bool]
    ) -> ColumnElement[bool]:
        """Return the condition, or, where an index finds few documents that fulfil it, that one is of these."""
        if condition not in self._uncommon or isinstance(condition, IsNull):
            return holds
        source = self._sources[condition.field.root]
        table = DOCUMENTS[source.collection].alias()
        found_in = Translation({condition.field.root: Source(source.collection, table)}, self._moment)
        selection = found_in.by_index(condition)
        return holds if selection is None else found(source.table.c.id, lookup=holds, selection=selection)

    def _of_key(self, condition: Comparison | OneOf | IsNull) -> ColumnElement[bool]:
        source = self._sources[condition.field.root]
        table = ATTRIBUTES.alias()
        at_key = attributes_of(source, condition.field, table)
        is_its = and_(table.c.id == source.table.c.id, at_key, self._moment.of_attributes(table))
        if isinstance(condition, IsNull):
            return not_(exists_in(table, is_its))
        # what may be null leads to no index of values: for a single document the one by id is the better
        return exists_in(table, is_its, func.coalesce(_is_met(condition, table), false()))


def _is_met(condition: Comparison | OneOf, attribute: FromClause) -> ColumnElement[bool]:
    if isinstance(condition, OneOf):
        return one_of(attribute, condition.literals)
    return attribute_compared(attribute, condition.operator, condition.literal)


def _is_range(comparison: Comparison) -> bool:
    """Tell whether an index alone finds what fulfils the comparison, as it lies together in the index."""
    if comparison.operator is Operator.LIKE:  # of texts at keys no index holds the whole
        return comparison.field.key is None and beginning(str(comparison.literal)) != ""
    return comparison.operator not in {Operator.NE, Operator.ILIKE}
