"""What neighbours are told of datasets."""

from uuid import UUID

from pydantic import Field

from application.integration.event_data import EventData
from domain.datasets.values import ColumnType, DatasetFormat


class ColumnData(EventData):
    """One column of a dataset."""

    name: str
    type: ColumnType
    """How it is learned from."""
    missing: int
    """So many rows have no value in it."""


class DatasetRegisteredData(EventData):
    """A dataset exists: its bytes are kept and never change."""

    dataset_id: UUID
    name: str
    """Unique among the datasets on offer."""
    uri: str | None
    """Where it came from, `artifact:<sha256>` for an upload; null where it is too long: see `dataref`."""
    format: DatasetFormat
    sha256: str
    """Of its bytes, lower-case hexadecimal."""
    size_bytes: int
    rows: int
    target: str | None
    """The column to learn; null where there is none."""
    supersedes: UUID | None
    """The dataset that this one is the newer state of; null where there is none."""
    columns: list[ColumnData] | None = Field(serialization_alias="schema")
    """In the file's order; null where they are too many for a message: then they are found under `dataref`."""


class DatasetRetiredData(EventData):
    """A dataset is offered no more; what was learned from it stays."""

    dataset_id: UUID
    name: str
    """Free for another dataset since."""
