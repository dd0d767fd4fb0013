"""Questions held against the fields there are, before any database sees them."""

import math
from collections.abc import Iterable, Mapping

from application.ports.filters import (
    And,
    Comparison,
    Condition,
    FieldPath,
    IsNull,
    Literal,
    Not,
    OneOf,
    Operator,
    Or,
    Order,
)
from application.ports.read_models import FIELDS, VERSION_FIELDS_OF_A_MODEL, Collection, FieldKind, Query
from domain.errors import InvalidInput, suggestion
from infrastructure.read_models.patterns import canonical
from infrastructure.read_models.values import instant, number, searchable

LITERALS_MAX = 1_000
DEPTH_MAX = 32
PATTERN_MAX_CHARS = 500
ORDERS_MAX = 8

_IN_WORDS = {
    FieldKind.TEXT: "a text",
    FieldKind.NUMBER: "a number",
    FieldKind.BOOLEAN: "true or false",
    FieldKind.INSTANT: "an instant",
}
_PATTERNS = (Operator.LIKE, Operator.ILIKE)
_EQUALITIES = (Operator.EQ, Operator.NE)


def checked(query: Query) -> Query:
    """Return the same question, its literals as values are compared, nested ANDs and ORs made one.

    Raises:
        InvalidInput: A field that the collection does not have; a key where there is none or none where
            one is needed; a literal of a kind that the field never has; too much of anything.
    """
    where = None
    if query.where is not None:
        where = _Checker(known_to_filters(query.collection)).condition(query.where, depth=0)
    _check_orders(query.collection, query.order_by)
    return query.model_copy(update={"where": where})


def known_to_filters(collection: Collection) -> Mapping[str, FieldKind]:
    """Return the fields that a filter over the collection may speak of."""
    if collection is not Collection.MODELS:
        return FIELDS[collection]
    of_versions = FIELDS[Collection.VERSIONS]
    return {**FIELDS[collection], **{name: of_versions[name] for name in VERSION_FIELDS_OF_A_MODEL}}


def require_known(field: FieldPath, fields: Mapping[str, FieldKind], *, parameter: str) -> FieldKind:
    """Return the kind of the field.

    Raises:
        InvalidInput: There is no such field, or it has a key too much or too little.
    """
    kind = fields.get(field.root)
    if kind is None:
        message = f"{field.root!r} is no field here.{suggestion(field.root, fields)}"
        raise InvalidInput.of(parameter, message, _written(field))
    if kind is FieldKind.KEYED and not field.key:
        message = f"{field.root} is found by its keys: say which one, as in {field.root}.team."
        raise InvalidInput.of(parameter, message, _written(field))
    if kind is not FieldKind.KEYED and field.key is not None:
        message = f"{field.root} holds {_IN_WORDS[kind]}, it has no keys."
        raise InvalidInput.of(parameter, message, _written(field))
    return kind


class _Checker:
    """Rebuilds a condition from what it may hold."""

    def __init__(self, fields: Mapping[str, FieldKind]) -> None:
        self._fields = fields
        self._literals = 0

    def condition(self, condition: Condition, *, depth: int) -> Condition:
        if depth > DEPTH_MAX:
            raise InvalidInput.of("filter", f"is nested deeper than {DEPTH_MAX} levels.")
        match condition:
            case Comparison():
                return self._comparison(condition)
            case OneOf():
                literals = tuple(self._literal(condition.field, Operator.EQ, each) for each in condition.literals)
                return OneOf(field=condition.field, literals=literals)
            case IsNull():
                self._count()
                require_known(condition.field, self._fields, parameter="filter")
                return condition
            case Not():
                return Not(condition=self.condition(condition.condition, depth=depth + 1))
            case And():
                return And(conditions=tuple(self.condition(each, depth=depth + 1) for each in flat(condition)))
            case Or():
                return Or(conditions=tuple(self.condition(each, depth=depth + 1) for each in flat(condition)))

    def _comparison(self, comparison: Comparison) -> Comparison:
        literal = self._literal(comparison.field, comparison.operator, comparison.literal)
        return comparison.model_copy(update={"literal": literal})

    def _literal(self, field: FieldPath, operator: Operator, literal: Literal) -> Literal:
        self._count()
        kind = require_known(field, self._fields, parameter="filter")
        name = _written(field)
        if isinstance(literal, str) and kind is FieldKind.INSTANT and operator not in _PATTERNS:
            try:
                return instant(literal)
            except ValueError as error:
                raise InvalidInput.of("filter", f"{name}: {error}.", literal) from error
        actual = _kind_of(literal)
        if operator in _PATTERNS and not (actual is FieldKind.TEXT and kind in {FieldKind.TEXT, FieldKind.KEYED}):
            if kind in {FieldKind.TEXT, FieldKind.KEYED}:
                message = f"{operator.value} compares with a pattern in quotes, not with {literal!r}."
            else:
                message = f"{operator.value} compares text with a pattern; {name} holds {_IN_WORDS[kind]}."
            raise InvalidInput.of("filter", message, literal)
        if kind not in {FieldKind.KEYED, actual}:
            raise InvalidInput.of("filter", f"{name} holds {_IN_WORDS[kind]}, not {literal!r}.", literal)
        return _compared(name, operator, literal)

    def _count(self) -> None:
        self._literals += 1
        if self._literals > LITERALS_MAX:
            raise InvalidInput.of("filter", f"compares with more than {LITERALS_MAX} values.")


def _compared(name: str, operator: Operator, literal: Literal) -> Literal:
    if isinstance(literal, bool):
        if operator not in _EQUALITIES:
            raise InvalidInput.of("filter", f"{name}: true and false are compared by = and != only.", literal)
        return literal
    if isinstance(literal, str):
        return _pattern(name, literal) if operator in _PATTERNS else searchable(literal)
    if math.isnan(value := number(literal)):
        raise InvalidInput.of("filter", f"{name}: NaN compares with nothing; IS NULL finds what is missing.")
    return value


def _pattern(name: str, pattern: str) -> str:
    if len(pattern) > PATTERN_MAX_CHARS:
        raise InvalidInput.of("filter", f"{name}: a pattern has at most {PATTERN_MAX_CHARS} characters.", pattern)
    try:
        return canonical(searchable(pattern))
    except ValueError as error:
        raise InvalidInput.of("filter", f"{name}: the pattern {error}.", pattern) from error


def flat(condition: And | Or) -> Iterable[Condition]:
    """Return what is joined, through joins of the same sort inside, in their order."""
    sort = type(condition)
    waiting = list(reversed(condition.conditions))
    while waiting:
        each = waiting.pop()
        if isinstance(each, sort):
            waiting.extend(reversed(each.conditions))
        else:
            yield each


def _kind_of(literal: Literal) -> FieldKind:
    if isinstance(literal, bool):
        return FieldKind.BOOLEAN
    return FieldKind.TEXT if isinstance(literal, str) else FieldKind.NUMBER


def _check_orders(collection: Collection, orders: tuple[Order, ...]) -> None:
    if len(orders) > ORDERS_MAX:
        raise InvalidInput.of("order_by", f"has more than {ORDERS_MAX} keys.")
    for order in orders:
        if collection is Collection.MODELS and order.field.root in VERSION_FIELDS_OF_A_MODEL:
            message = f"{order.field.root} belongs to versions, of which a model has many: order versions by it."
            raise InvalidInput.of("order_by", message, _written(order.field))
        require_known(order.field, FIELDS[collection], parameter="order_by")


def _written(field: FieldPath) -> str:
    return field.root if field.key is None else f"{field.root}.{field.key}"
