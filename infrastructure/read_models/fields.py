"""Fields of documents as columns of rows."""

from collections.abc import Callable, Mapping
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


_STORED: Mapping[FieldKind, tuple[tuple[type, ...], Callable[[Any], Any]]] = {
    FieldKind.TEXT: ((str,), searchable),
    FieldKind.INSTANT: ((str,), instant),
    FieldKind.NUMBER: ((int, float), number),
    FieldKind.BOOLEAN: ((bool,), bool),
}
_COLUMNS = {
    collection: tuple(
        _Column(name, kind, *_STORED[kind]) for name, kind in fields.items() if kind is not FieldKind.KEYED
    )
    for collection, fields in FIELDS.items()
}


def columns_of(collection: Collection, id: UUID, document: Document) -> dict[str, Any]:  # noqa: A002 - the field's name
    """Return the values of the columns of a document.

    Raises:
        ValueError: The document is not of this id, or a field holds another kind than it should.
    """
    if document.get("id") != str(id):
        msg = f"the document of {id} says that its id is {document.get('id')!r}"
        raise ValueError(msg)
    return {column.name: _value(column, document.get(column.name)) for column in _COLUMNS[collection]}


def _value(column: _Column, value: Any) -> Any:
    if value is None:
        return None
    is_wanted = isinstance(value, column.types)
    if not is_wanted or (isinstance(value, bool) and column.kind is not FieldKind.BOOLEAN):  # bool is an int
        msg = f"{column.name} holds a {column.kind.value}, not {value!r}"
        raise ValueError(msg)
    return column.stored(value)
