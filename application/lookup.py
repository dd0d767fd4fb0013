"""From an id or a name to the document it means."""

from collections.abc import Iterable
from uuid import UUID

from application.ports.filters import And, Comparison, FieldPath, IsNull, Operator
from application.ports.read_models import Collection, Document, Query, ReadModels
from domain.naming import has_uuid_shape, normal_form

_NAMES_MAX = 1000


def find_by_reference(
    reference: str, collection: Collection, *, read_models: ReadModels, at: int | None = None
) -> Document | None:
    """Return the document with this id, or the one that held this name at the position; None when none did."""
    if has_uuid_shape(reference):
        return read_models.get(collection, UUID(reference), at=at)
    name = Comparison(field=FieldPath(root="name"), operator=Operator.EQ, literal=normal_form(reference))
    query = Query(
        collection=collection,
        where=And(conditions=(name, IsNull(field=FieldPath(root="retired_at")))),
        limit=1,
        at=read_models.position() if at is None else at,
    )
    return next(iter(read_models.find(query)), None)


def absence(what: str, *, at: int | None) -> str:
    """Return the sentence that it is not there, or was not at the position."""
    return f"There is no {what}." if at is None else f"There was no {what} at position {at}."


def known_names(collection: Collection, *, read_models: ReadModels) -> Iterable[str]:
    """Return names in use, at most a thousand, to suggest the one that was meant."""
    query = Query(
        collection=collection,
        where=IsNull(field=FieldPath(root="retired_at")),
        limit=_NAMES_MAX,
        at=read_models.position(),
    )
    return [document["name"] for document in read_models.find(query)]
