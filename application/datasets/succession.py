"""Datasets that follow one another: which series a dataset belongs to, and what comes next in it."""

from itertools import count
from uuid import UUID

from application.datasets.handlers import KIND
from application.ledger import Ledger
from application.lookup import find_by_reference
from application.ports.filters import And, Comparison, FieldPath, IsNull, Operator, Order
from application.ports.read_models import Collection, Document, Query, ReadModels
from domain.datasets.events import DatasetRegistered
from domain.naming import NAME_MAX_CHARS, has_uuid_shape, one_spelling


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


def series_name(reference: str, *, ledger: Ledger, read_models: ReadModels) -> str:
    """Return one name for all that means a dataset of one series: what the first of the series is called.

    What nobody knows yet is called as it is spelled. So a name means the same before a dataset is registered
    under it and afterwards, and so do the ids and names of all that follow; none of this can change later. Only
    a name that passes from one series to another means another series from then on. The log is asked for what
    the read models do not show yet: how far they are must make no difference.
    """
    if has_uuid_shape(reference):
        dataset_id: UUID | None = UUID(reference)
    else:
        dataset_id = ledger.reservation(KIND, reference).last_holder_id
    name = one_spelling(reference)
    while dataset_id is not None and ledger.dataset(dataset_id) is not None:
        if (shown := read_models.get(Collection.DATASETS, dataset_id)) is not None:
            first = read_models.get(Collection.DATASETS, UUID(shown["series_id"]))
            assert first is not None, "what begins a series is shown before what follows"
            return str(first["name"])
        registered: DatasetRegistered = ledger.event(dataset_id, 1)
        name, dataset_id = registered.name, registered.supersedes
    return name


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
