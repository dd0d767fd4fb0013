"""Fields of documents as columns of rows."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from application.ports.read_models import FIELDS, Collection, Document, FieldKind
from infrastructure.read_models.values import instant, number, searchable


class _Column(NamedTuple):
    """A column: of which kind and types its values are in documents, and how they are stored."""

    name: str
    kind: FieldKind
    types: tuple[type, ...]
    stored: Callable[[Any], Any]


_IN_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", flags=re.ASCII)


@lru_cache(maxsize=4_096)  # an instant comes several times, in one document and in its next state
def _instant(text: str) -> str:
    """Return what `instant` does; what projections write is so already."""
    if _IN_UTC.fullmatch(text) is None:
        return instant(text)
    datetime.fromisoformat(text)  # refuses what the calendar does not have
    return text


_STORED: Mapping[FieldKind, tuple[tuple[type, ...], Callable[[Any], Any]]] = {
    FieldKind.TEXT: ((str,), searchable),
    FieldKind.INSTANT: ((str,), _instant),
    FieldKind.NUMBER: ((int, float), number),
    FieldKind.BOOLEAN: ((bool,), bool),
}
_COLUMNS = {
    collection: tuple(
        _Column(name, kind, *_STORED[kind]) for name, kind in fields.items() if kind is not FieldKind.KEYED
    )
    for collection, fields in FIELDS.items()
}
_NAMES = {collection: tuple(column.name for column in columns) for collection, columns in _COLUMNS.items()}
_ALL = {collection: itemgetter(*names) for collection, names in _NAMES.items()}


def columns_of(collection: Collection, id: UUID, document: Document) -> dict[str, Any]:  # noqa: A002 - the field's name
    """Return the values of the columns of a document.

    Raises:
        ValueError: The document is not of this id, or a field holds another kind than it should.
    """
    values = column_values(collection, str(id), document)
    return dict(zip(_NAMES[collection], values, strict=True))


def column_values(collection: Collection, id: str, document: Document) -> list[Any]:  # noqa: A002 - the field's name
    """Return the same in the order of the columns.

    Raises:
        ValueError: As above.
    """
    if document.get("id") != id:
        msg = f"the document of {id} says that its id is {document.get('id')!r}"
        raise ValueError(msg)
    return [
        None
        if value is None
        else column.stored(value)
        if type(value) in column.types
        else _converted(column, value)
        for column, value in zip(_COLUMNS[collection], _picked(collection, document), strict=True)
    ]


def values_after(values: list[Any], collection: Collection, *, before: Document, document: Document) -> list[Any]:
    """Return the values of the columns of a document, given those of the state before it.

    Raises:
        ValueError: A field holds another kind than it should.
    """
    after = values.copy()
    was = _picked(collection, before)
    for index, value in enumerate(_picked(collection, document)):
        if value is not was[index]:
            after[index] = None if value is None else _converted(_COLUMNS[collection][index], value)
    return after


def _picked(collection: Collection, document: Document) -> tuple[Any, ...]:
    """Return the values of the fields that are columns; None where there is none."""
    try:
        picked: tuple[Any, ...] = _ALL[collection](document)
    except KeyError:
        return tuple(map(document.get, _NAMES[collection]))
    return picked


def _converted(column: _Column, value: Any) -> Any:
    is_wanted = isinstance(value, column.types)
    if not is_wanted or (isinstance(value, bool) and column.kind is not FieldKind.BOOLEAN):  # bool is an int
        msg = f"{column.name} holds a {column.kind.value}, not {value!r}"
        raise ValueError(msg)
    return column.stored(value)
