"""Conditions in SQL. Every one is true or false, never null: so NOT means what it says.

A condition over models that speaks of fields of versions asks whether one version fulfils it. The parts of
it that every version would answer alike, those about the model itself, are asked of the model.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Select, and_, false, not_, or_, select, true

from application.ports.filters import And, Comparison, Condition, FieldPath, IsNull, Not, OneOf, Or
from application.ports.read_models import FIELDS, VERSION_FIELDS_OF_A_MODEL, Collection
from infrastructure.read_models.attributes import indexed_key
from infrastructure.read_models.checked import flat
from infrastructure.read_models.comparisons import attribute_compared, compared, one_of
from infrastructure.read_models.moments import Moment
from infrastructure.read_models.tables import ALWAYS_THERE, ATTRIBUTES, DOCUMENTS


class Source(NamedTuple):
    """Rows of documents that fields are looked up in."""

    collection: Collection
    table: FromClause


IsRare = Callable[[Select[Any]], bool]
"""Tells whether a selection by index finds so little that the rest is best looked up from there. A database
that keeps no figures of how values spread (SQLite) cannot know; asking costs less than guessing wrong."""


def restricted(source: Source, condition: Condition, moment: Moment, is_rare: IsRare) -> ColumnElement[bool]:
    """Return the checked condition over the documents of the source, as they are at the moment."""
    own = dict.fromkeys(FIELDS[source.collection], source)
    if source.collection is not Collection.MODELS:
        return _Translation(own, moment, is_rare).of(condition)
    conjuncts = tuple(flat(condition)) if isinstance(condition, And) else (condition,)
    of_model = [each for each in conjuncts if not _speaks_of(each, VERSION_FIELDS_OF_A_MODEL)]
    of_version = [each for each in conjuncts if _speaks_of(each, VERSION_FIELDS_OF_A_MODEL)]
    parts = [_Translation(own, moment, is_rare).of(each) for each in of_model]
    if of_version:
        parts.append(_has_version(source, of_version, moment, is_rare))
    return and_(true(), *parts)


def attributes_of(source: Source, field: FieldPath, table: FromClause) -> ColumnElement[bool]:
    """Return which attributes are values of the field in this collection."""
    return and_(
        table.c.collection == source.collection.value,
        table.c.root == field.root,
        table.c.key == indexed_key(field.key or ""),
    )


def _has_version(
    model: Source, conditions: list[Condition], moment: Moment, is_rare: IsRare
) -> ColumnElement[bool]:
    version = Source(Collection.VERSIONS, DOCUMENTS[Collection.VERSIONS].alias())
    fields = {
        **dict.fromkeys(FIELDS[Collection.MODELS], model),
        **dict.fromkeys(VERSION_FIELDS_OF_A_MODEL, version),
    }
    translation = _Translation(fields, moment, is_rare)
    holds = and_(moment.of(version.table), *(translation.of(each) for each in conditions))
    about_model = any(_speaks_of(each, tuple(FIELDS[Collection.MODELS])) for each in conditions)
    if not about_model and any(translation.finds_few(each) for each in conditions):
        return model.table.c.id.in_(select(version.table.c.model_id).where(holds))
    return _exists_in(version.table, version.table.c.model_id == model.table.c.id, holds)


def _exists_in(table: FromClause, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return whether a row of the table fulfils the conditions, whose other tables are those around it.

    Said outright, because left to itself SQLAlchemy looks for them in the next query around only: one
    further out would stand here a second time, with rows of its own.
    """
    return select(table.c.id).where(*conditions).correlate_except(table).exists()


class _Translation:
    """Writes conditions over fields, each looked up in its source, in SQL."""

    def __init__(self, sources: Mapping[str, Source], moment: Moment, is_rare: IsRare) -> None:
        self._sources = sources
        self._moment = moment
        self._is_rare = is_rare

    def of(self, condition: Condition) -> ColumnElement[bool]:
        match condition:
            case Comparison() | OneOf() | IsNull():
                keyed = condition.field.key is not None
                return self._of_key(condition) if keyed else self._of_column(condition)
            case Not():
                return not_(self.of(condition.condition))
            case And():
                return and_(true(), *(self.of(each) for each in condition.conditions))
            case Or():
                return or_(false(), *(self.of(each) for each in condition.conditions))

    def finds_few(self, condition: Condition) -> bool:
        """Tell whether an index finds few documents, of which the condition then is true."""
        match condition:
            case Comparison() | OneOf() if condition.field.key is not None:
                attribute = ATTRIBUTES.alias()
                return self._is_rare(select(attribute.c.id).where(self._matching(condition, attribute)))
            case Comparison() | OneOf():
                table = self._sources[condition.field.root].table
                return self._is_rare(select(table.c.id).where(self._moment.of(table), self._of_column(condition)))
        return False

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

    def _of_key(self, condition: Comparison | OneOf | IsNull) -> ColumnElement[bool]:
        document = self._sources[condition.field.root].table.c.id
        table = ATTRIBUTES.alias()
        matching = self._matching(condition, table)
        if isinstance(condition, IsNull):
            return not_(_exists_in(table, table.c.id == document, matching))
        if self.finds_few(condition):
            return document.in_(select(table.c.id).where(matching))
        return _exists_in(table, table.c.id == document, matching)

    def _matching(self, condition: Comparison | OneOf | IsNull, table: FromClause) -> ColumnElement[bool]:
        source = self._sources[condition.field.root]
        place = and_(attributes_of(source, condition.field, table), self._moment.of(table))
        match condition:
            case Comparison():
                return and_(place, attribute_compared(table, condition.operator, condition.literal))
            case OneOf():
                return and_(place, one_of(table, condition.literals))
        return place


def _speaks_of(condition: Condition, roots: Iterable[str]) -> bool:
    match condition:
        case Comparison() | OneOf() | IsNull():
            return condition.field.root in roots
        case Not():
            return _speaks_of(condition.condition, roots)
        case And() | Or():
            return any(_speaks_of(each, roots) for each in condition.conditions)
