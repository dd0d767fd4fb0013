"""Questions about batch predictions, answered from the read models."""

from uuid import UUID

from application.lookup import absence
from application.ports.read_models import Collection, Document, ReadModels
from domain.batches.errors import JobNotFound
from domain.naming import has_uuid_shape


def get_batch_prediction(reference: str, *, read_models: ReadModels, at: int | None = None) -> Document:
    """Return the batch prediction with this id.

    Raises:
        JobNotFound: There was none at the position.
    """
    found = read_models.get(Collection.BATCHES, UUID(reference), at=at) if has_uuid_shape(reference) else None
    if found is None:
        raise JobNotFound(absence(f"batch prediction {reference!r}", at=at), id=reference)
    return found
