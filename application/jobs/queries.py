"""Questions about jobs of any kind, answered from the read models."""

from typing import Any
from uuid import UUID

from application.jobs.documents import JobDocuments
from application.lookup import absence
from application.ports.read_models import Document, ReadModels
from domain.jobs.errors import JobNotFound
from domain.jobs.job import Kind
from domain.naming import has_uuid_shape


def get_job(
    reference: str, *, documents: JobDocuments[Any, Any], read_models: ReadModels, at: int | None = None
) -> Document:
    """Return the job with this id.

    Raises:
        JobNotFound: There was none at the position.
    """
    collection = documents.collection
    found = read_models.get(collection, UUID(reference), at=at) if has_uuid_shape(reference) else None
    if found is None:
        raise no_such_job(reference, kind=documents.of.KIND, at=at)
    return found


def no_such_job(reference: str, *, kind: Kind, at: int | None = None) -> JobNotFound:
    """Return the refusal that says so, of now or of a position."""
    return JobNotFound(absence(f"{kind.noun} {reference!r}", at=at), kind=kind.name, id=reference)
