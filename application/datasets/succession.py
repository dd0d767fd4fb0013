"""Datasets that follow one another: which series a dataset belongs to, and what comes next in it."""

from itertools import count
from uuid import UUID

from application.datasets.handlers import KIND
from application.ledger import Ledger
from application.lookup import find_by_reference
from application.ports.filters import And, Comparison, FieldPath, IsNull, Operator, Order
from application.ports.read_models import Collection, Document, Query, ReadModels
from domain.naming import NAME_MAX_CHARS, has_uuid_shape


def series_of(reference: str, *, ledger: Ledger, read_models: ReadModels) -> str | None:
    """Return the series of the dataset that an id or a name means; None when there is none.

    A name that is free means the dataset that had it last: whoever speaks of `orders` means its newest state,
    whether the oldest is still offered or not.
    """
    if has_uuid_shape(reference):
        dataset_id: UUID | None = UUID(reference)
    else:
        dataset_id = ledger.reservation(KIND, reference).last_holder_id
    found = None if dataset_id is None else read_models.get(Collection.DATASETS, dataset_id)
    return None if found is None else found["series_id"]


def newest_of(series_id: str, *, read_models: ReadModels) -> Document | None:
    """Return the newest dataset of the series that is not retired; None when there is none."""
    of_series = Comparison(field=FieldPath(root="series_id"), operator=Operator.EQ, literal=series_id)
    query = Query(
        collection=Collection.DATASETS,
        where=And(conditions=(of_series, IsNull(field=FieldPath(root="retired_at")))),
        order_by=(Order(field=FieldPath(root="generation"), descending=True),),
        limit=1,
        at=read_models.position(),
    )
    return next(iter(read_models.find(query)), None)


def next_name(newest: Document, *, read_models: ReadModels) -> str:
    """Return what the dataset after this one is called: as the first of the series, with a number that is free."""
    first = read_models.get(Collection.DATASETS, UUID(newest["series_id"])) or newest
    for number in count(newest["generation"] + 1):
        ending = f"-{number}"
        name: str = first["name"][: NAME_MAX_CHARS - len(ending)] + ending
        if find_by_reference(name, Collection.DATASETS, read_models=read_models) is None:
            return name
    raise AssertionError  # numbers have no end
