"""The dataset: an immutable table that jobs learn from."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from domain.bounds import require_bounded
from domain.datasets.errors import RetiredDataset, UnreadableDataset
from domain.datasets.events import DatasetEvent, DatasetRegistered, DatasetRetired
from domain.datasets.values import COLUMNS_MAX, SCHEMA_MAX_BYTES, Column, Contents
from domain.errors import InvalidInput, suggestion
from domain.kernel import Aggregate, Provenance, envelope
from domain.naming import normal_form, valid_name


class Dataset(Aggregate):
    """What decisions need to know of a dataset."""

    name: str
    contents: Contents
    target: str | None
    is_retired: bool = False


def register(
    *,
    dataset_id: UUID,
    name: str,
    uri: str,
    contents: Contents,
    target: str | None,
    supersedes: UUID | None = None,
    by: Provenance,
) -> DatasetRegistered:
    """Begin a dataset; with `supersedes`, as the newer state of that one.

    Raises:
        InvalidInput: The name or the URI cannot be one, or the target is no column.
        UnreadableDataset: Two columns of one name, or more of them than an event can hold.
    """
    name = valid_name(name)
    require_bounded(uri=uri)
    require_describable(contents.columns)
    if target is not None:
        require_column(contents.columns, target, field="target")
    return DatasetRegistered(
        **envelope(by, dataset_id, 1),
        name=name,
        uri=uri,
        contents=contents,
        target=target,
        supersedes=supersedes,
    )


def retire(dataset: Dataset, *, by: Provenance) -> DatasetRetired:
    """Offer the dataset no more.

    Raises:
        RetiredDataset: It is retired already.
    """
    require_active(dataset)
    return DatasetRetired(**envelope(by, dataset.id, dataset.version + 1), name=dataset.name)


def require_active(dataset: Dataset) -> None:
    """Raise RetiredDataset when the dataset is offered no more."""
    if dataset.is_retired:
        message = f"Dataset {dataset.name!r} is retired; its history stays readable."
        raise RetiredDataset(message, id=str(dataset.id))


def require_column(columns: Iterable[Column], name: str, *, field: str) -> Column:
    """Return the column of this name.

    Raises:
        InvalidInput: There is none; the message names the nearest.
    """
    by_name = {column.name: column for column in columns}
    if name not in by_name:
        message = f"The dataset has no column {name!r}.{suggestion(name, by_name)}"
        raise InvalidInput.of(field, message, name)
    return by_name[name]


def require_describable(columns: Sequence[Column]) -> None:
    """Raise UnreadableDataset for two columns of one name, or more of them than an event can hold."""
    names = {normal_form(column.name) for column in columns}
    if len(names) < len(columns):
        raise UnreadableDataset.of("schema", "Two columns have the same name: rename one.")
    size = sum(len(column.model_dump_json().encode()) + len(",") for column in columns)
    if len(columns) > COLUMNS_MAX or size > SCHEMA_MAX_BYTES:
        message = (
            f"The {len(columns):,} columns (at most {COLUMNS_MAX:,}) take {size:,} bytes to describe "
            f"(at most {SCHEMA_MAX_BYTES:,}): keep fewer, or give them shorter names."
        )
        raise UnreadableDataset.of("schema", message)


def evolve(dataset: Dataset | None, event: DatasetEvent) -> Dataset:
    """Return the dataset after the event; refuses nothing that can follow, for history is not up for decision."""
    if isinstance(event, DatasetRegistered):
        return Dataset(
            id=event.originator_id,
            version=event.originator_version,
            name=event.name,
            contents=event.contents,
            target=event.target,
        )
    if dataset is None or not isinstance(event, DatasetRetired):
        msg = f"{type(event).__qualname__} cannot follow in the stream of dataset {event.originator_id}"
        raise ValueError(msg)
    return dataset.model_copy(update={"version": event.originator_version, "is_retired": True})
