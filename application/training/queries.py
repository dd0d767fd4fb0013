"""Questions about training jobs, answered from the read models."""

from uuid import UUID

from application.lookup import absence
from application.ports.read_models import Collection, Document, ReadModels
from domain.naming import has_uuid_shape
from domain.training.errors import JobNotFound


def get_job(reference: str, *, read_models: ReadModels, at: int | None = None) -> Document:
    """Return the job with this id.

    Raises:
        JobNotFound: There was none at the position.
    """
    found = read_models.get(Collection.JOBS, UUID(reference), at=at) if has_uuid_shape(reference) else None
    if found is None:
        raise JobNotFound(absence(f"training job {reference!r}", at=at), id=reference)
    return found
