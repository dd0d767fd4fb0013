"""Read models in memory: the documents in dictionaries, the questions in plain Python."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime
from typing import Any
from uuid import UUID

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
from application.ports.read_models import (
    FIELDS,
    VERSION_FIELDS_OF_A_MODEL,
    Collection,
    Document,
    FieldKind,
    ParkedEvent,
    PositionTaken,
    Query,
)
from infrastructure.read_models.checked import checked
from infrastructure.read_models.values import instant, number, searchable


class InMemoryReadModels:
    """Every state of every document, in lists of (position, document)."""

    def __init__(self) -> None:
        self._position = 0
        self._states: dict[Collection, dict[str, list[tuple[int, Document]]]] = {each: {} for each in Collection}
        self._instants: list[tuple[int, datetime]] = []
        self._parked: list[ParkedEvent] = []

    def close(self) -> None:
        """Nothing is open."""

    def position(self) -> int:
        """Return the position of the last event applied; 0 before the first."""
        return self._position

    def get(self, collection: Collection, id: UUID, *, at: int | None = None) -> Document | None:  # noqa: A002
        """Return the document as it was at the position (now, when None); None when there was none."""
        states = self._states[collection].get(str(id), [])
        return next(
            (deepcopy(document) for since, document in reversed(states) if at is None or since <= at), None
        )

    def changed_at(self, collection: Collection, id: UUID, *, upto: int) -> list[int]:  # noqa: A002
        """Return the positions, up to and with `upto`, at which the document became another, in order."""
        return [since for since, _ in self._states[collection].get(str(id), []) if since <= upto]

    def position_at(self, instant: datetime) -> int:
        """Return the last position applied up to which no event is later than the instant; 0 before all."""
        last = 0
        for position, happened in self._instants:
            if happened > instant:
                return last
            last = position
        return self._position

    def parked(self) -> list[ParkedEvent]:
        """Return the events that could not be read, in position order, at most a thousand."""
        return self._parked[:1_000]

    def find(self, query: Query) -> list[Document]:
        """Return the documents that the query asks for, in its order."""
        query = checked(query)
        found = [each for each in self._all(query.collection, query.at) if self._fits(query, each)]
        found.sort(key=lambda document: document["id"])
        for order in reversed(query.order_by):
            found = _sorted(found, order, FIELDS[query.collection][order.field.root])
        return found[query.offset : query.offset + query.limit]

    @contextmanager
    def page(self, *, after: int, upto: int) -> Iterator["InMemoryRows"]:
        """Apply a page of events: all that is put inside, and the position `upto`, or nothing."""
        if upto <= after:
            raise ValueError((after, upto))
        if self._position != after:
            raise PositionTaken
        states = {collection: dict(by_id) for collection, by_id in self._states.items()}
        rows = InMemoryRows(states, after, upto)
        yield rows
        self._states, self._position = states, upto
        self._instants += rows.instants
        self._parked += rows.parked

    def _all(self, collection: Collection, at: int) -> list[Document]:
        found = (self.get(collection, UUID(id_), at=at) for id_ in self._states[collection])
        return [document for document in found if document is not None]

    def _fits(self, query: Query, document: Document) -> bool:
        if query.where is None:
            return True
        fields: Mapping[str, FieldKind] = FIELDS[query.collection]
        if query.collection is not Collection.MODELS or not _names(query.where) & {*VERSION_FIELDS_OF_A_MODEL}:
            return _holds(query.where, document, fields)
        versions = FIELDS[Collection.VERSIONS]
        fields = {**fields, **{name: versions[name] for name in VERSION_FIELDS_OF_A_MODEL}}
        return any(
            _holds(
                query.where,
                {**document, **{name: version.get(name) for name in VERSION_FIELDS_OF_A_MODEL}},
                fields,
            )
            for version in self._all(Collection.VERSIONS, query.at)
            if version["model_id"] == document["id"]
        )


class InMemoryRows:
    """A copy of all states, that the page may add to."""

    def __init__(
        self, states: dict[Collection, dict[str, list[tuple[int, Document]]]], after: int, upto: int
    ) -> None:
        self._states = states
        self._after = after
        self._upto = upto
        self.instants: list[tuple[int, datetime]] = []
        self.parked: list[ParkedEvent] = []

    def happened(self, instant: datetime, *, position: int) -> None:
        """Note the timestamp of the event at this position of the page."""
        self.instants.append((position, instant))

    def park(self, event: ParkedEvent) -> None:
        """Note an event of the page that no projection can read."""
        self.parked.append(event)

    def get(self, collection: Collection, id: UUID) -> Document | None:  # noqa: A002
        """Return the document, with what this page has put; None when there is none."""
        states = self._states[collection].get(str(id), [])
        return deepcopy(states[-1][1]) if states else None

    def put(self, collection: Collection, id: UUID, document: Document, *, position: int) -> None:  # noqa: A002
        """Let the document be this from the position on."""
        if not self._after < position <= self._upto or document.get("id") != str(id):
            raise ValueError((position, document.get("id")))
        states = list(self._states[collection].get(str(id), []))
        if states and states[-1][0] > position:
            raise ValueError(position)
        if states and states[-1][0] == position:
            states.pop()
        text = _text(document)
        if not states or _text(states[-1][1]) != text:
            states.append((position, deepcopy(document)))
        self._states[collection][str(id)] = states


def _text(document: Document) -> str:
    """Return what tells 1 from 1.0 and true, as Python's equality does not."""
    return json.dumps(document, sort_keys=True, allow_nan=False)


def _holds(condition: Condition, document: Document, fields: Mapping[str, FieldKind]) -> bool:
    match condition:
        case Comparison(field=field, operator=operator, literal=literal):
            return any(
                _compares(value, operator, literal) for value in _values(document, field, fields[field.root])
            )
        case OneOf(field=field, literals=literals):
            values = _values(document, field, fields[field.root])
            return any(_compares(value, Operator.EQ, literal) for value in values for literal in literals)
        case IsNull(field=field):
            return not _is_there(document, field)
        case Not():
            return not _holds(condition.condition, document, fields)
        case And():
            return all(_holds(each, document, fields) for each in condition.conditions)
        case Or():
            return any(_holds(each, document, fields) for each in condition.conditions)


def _compares(value: Literal, operator: Operator, literal: Literal) -> bool:
    return _kind_rank(value) == _kind_rank(literal) and _COMPARISONS[operator](value, literal)


def _matches(text: str, pattern: str) -> bool:
    regex = re.sub(
        r"\\(.)|(%)|(_)|(.)",
        lambda found: ".*" if found[2] else "." if found[3] else re.escape(found[1] or found[4]),
        pattern,
        flags=re.DOTALL,
    )
    return re.fullmatch(regex, text, flags=re.DOTALL) is not None


def _folded(text: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in text)


_COMPARISONS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: lambda value, literal: value == literal,
    Operator.NE: lambda value, literal: value != literal,
    Operator.LT: lambda value, literal: value < literal,
    Operator.LE: lambda value, literal: value <= literal,
    Operator.GT: lambda value, literal: value > literal,
    Operator.GE: lambda value, literal: value >= literal,
    Operator.LIKE: _matches,
    Operator.ILIKE: lambda value, literal: _matches(_folded(value), _folded(literal)),
}


def _values(document: Document, field: FieldPath, kind: FieldKind) -> list[Literal]:
    value = document.get(field.root)
    if kind is FieldKind.KEYED:
        return [_comparable(each) for path, each in _walk("", value) if path == field.key and _is_scalar(each)]
    if value is None:
        return []
    return [instant(value) if kind is FieldKind.INSTANT else _comparable(value)]


def _is_there(document: Document, field: FieldPath) -> bool:
    value = document.get(field.root)
    return value is not None if field.key is None else any(path == field.key for path, _ in _walk("", value))


def _walk(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield everything but null with its path; what is in a list, with the list's path."""
    if value is None:
        return
    yield path, value
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _walk(f"{path}.{name}" if path else name, each)
    if isinstance(value, list):
        for each in value:
            yield from _walk(path, each)


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _comparable(value: Any) -> Literal:
    if isinstance(value, bool):
        return value
    return searchable(value) if isinstance(value, str) else number(value)


def _kind_rank(value: Literal) -> int:
    if isinstance(value, bool):
        return 2
    return 1 if isinstance(value, str) else 0


def _sorted(documents: list[Document], order: Order, kind: FieldKind) -> list[Document]:
    """Return the documents with numbers first, then texts, then booleans, then those without a value."""
    by_kind: dict[int, list[tuple[Literal, Document]]] = {0: [], 1: [], 2: []}
    missing = []
    for document in documents:
        values = _values(document, order.field, kind)
        if not values:
            missing.append(document)
            continue
        first_kind = min(_kind_rank(each) for each in values)
        of_kind = [each for each in values if _kind_rank(each) == first_kind]
        by_kind[first_kind].append((max(of_kind) if order.descending else min(of_kind), document))
    return [
        document
        for rank in sorted(by_kind)
        for _, document in sorted(by_kind[rank], key=lambda pair: pair[0], reverse=order.descending)
    ] + missing


def _names(condition: Condition) -> set[str]:
    match condition:
        case Comparison() | OneOf() | IsNull():
            return {condition.field.root}
        case Not():
            return _names(condition.condition)
        case And() | Or():
            return {name for each in condition.conditions for name in _names(each)}
