"""Documents as rows: their fields with columns, and those with keys."""

import json
from typing import Any
from uuid import UUID

from application.ports.read_models import FIELDS, Collection, Document, FieldKind
from infrastructure.read_models.values import instant, number, searchable

KEYED = {
    collection: tuple(name for name, kind in fields.items() if kind is FieldKind.KEYED)
    for collection, fields in FIELDS.items()
}
"""The free-form fields of each collection."""


_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def encoded(value: Any) -> str:
    """Return the value as JSON.

    Raises:
        ValueError, TypeError: It holds what JSON has no word for.
    """
    return _encode(value)


def decoded(text: str) -> dict[str, Any]:
    """Return the document that the JSON holds."""
    document: dict[str, Any] = json.loads(text)
    return document


def are_equal(one: str, other: str) -> bool:
    """Tell whether two encoded documents are the same, in whatever order their keys are."""
    if one == other or len(one) != len(other):
        return one == other
    return json.dumps(decoded(one), sort_keys=True) == json.dumps(decoded(other), sort_keys=True)


def columns_of(collection: Collection, id: UUID, document: Document) -> dict[str, Any]:  # noqa: A002 - the field's name
    """Return the values of the columns of a document.

    Raises:
        ValueError: The document is not of this id, or a field holds another kind than it should.
    """
    if document.get("id") != str(id):
        msg = f"the document of {id} says that its id is {document.get('id')!r}"
        raise ValueError(msg)
    return {
        name: _as_column(name, kind, document.get(name))
        for name, kind in FIELDS[collection].items()
        if kind is not FieldKind.KEYED
    }


def _as_column(name: str, kind: FieldKind, value: Any) -> Any:
    match kind, value:
        case _, None:
            return None
        case FieldKind.TEXT, str():
            return searchable(value)
        case FieldKind.INSTANT, str():
            return instant(value)
        case FieldKind.BOOLEAN, bool():
            return value
        case FieldKind.NUMBER, int() | float() if not isinstance(value, bool):
            return number(value)
    msg = f"{name} holds a {kind.value}, not {value!r}"
    raise ValueError(msg)
