"""Questions about datasets, answered from the read models."""

from application.lookup import absence, find_by_reference
from application.ports.read_models import Collection, Document, ReadModels
from domain.datasets.errors import DatasetNotFound, RetiredDataset


def get_dataset(reference: str, *, read_models: ReadModels, at: int | None = None) -> Document:
    """Return the dataset that an id or name means.

    Raises:
        DatasetNotFound: There was none at the position.
        RetiredDataset: It is retired now.
    """
    found = find_by_reference(reference, Collection.DATASETS, read_models=read_models, at=at)
    if found is None:
        raise DatasetNotFound(absence(f"dataset {reference!r}", at=at), dataset=reference)
    if found["retired_at"] is not None and at is None:
        message = f"Dataset {found['name']!r} is retired; its history stays readable."
        raise RetiredDataset(message, id=found["id"])
    return found
