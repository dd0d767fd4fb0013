"""What readers see of datasets."""

from pydantic import Field

from application.views import Instant, View
from domain.datasets.events import DatasetRegistered


class ColumnResponse(View):
    """One column: how it is learned from, and how many rows have no value in it."""

    name: str
    type: str
    missing: int


class DatasetResponse(View):
    """A dataset.

    Attributes:
        uri: Where it came from; `artifact:<sha256>` for an upload.
        target: The column to learn; None where there is none.
        aggregate_version: Of the dataset; its `ETag`.
    """

    id: str
    name: str
    uri: str
    format: str
    sha256: str
    size_bytes: int
    rows: int
    target: str | None
    columns: list[ColumnResponse] = Field(serialization_alias="schema")
    created_at: Instant
    aggregate_version: int
    retired_at: Instant | None


def dataset_view(event: DatasetRegistered) -> DatasetResponse:
    """Return what a reader sees of a dataset that has just been registered."""
    contents = event.contents
    return DatasetResponse(
        id=str(event.originator_id),
        name=event.name,
        uri=event.uri,
        format=contents.format,
        sha256=contents.sha256,
        size_bytes=contents.size_bytes,
        rows=contents.rows,
        target=event.target,
        columns=[
            ColumnResponse(name=each.name, type=each.type, missing=each.missing) for each in contents.columns
        ],
        created_at=event.provenance.timestamp,
        aggregate_version=event.originator_version,
        retired_at=None,
    )
