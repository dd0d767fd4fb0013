"""What readers see of datasets."""

from pydantic import Field

from application.ports.read_models import Document
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
        supersedes: The dataset that this one is the newer state of; None for the first of a series.
        series_id: The dataset that its series began with; its own id where it supersedes none.
        generation: Its place in the series, from 1.
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
    supersedes: str | None
    series_id: str
    generation: int
    columns: list[ColumnResponse] = Field(serialization_alias="schema")
    created_at: Instant
    aggregate_version: int
    retired_at: Instant | None


def dataset_view(event: DatasetRegistered, *, superseded: Document | None = None) -> DatasetResponse:
    """Return what a reader sees of a dataset that has just been registered.

    Args:
        event: That it was.
        superseded: What a reader sees of the one that it supersedes; None where there is none.
    """
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
        supersedes=None if event.supersedes is None else str(event.supersedes),
        series_id=str(event.originator_id) if superseded is None else superseded["series_id"],
        generation=1 if superseded is None else superseded["generation"] + 1,
        columns=[
            ColumnResponse(name=each.name, type=each.type, missing=each.missing) for each in contents.columns
        ],
        created_at=event.provenance.timestamp,
        aggregate_version=event.originator_version,
        retired_at=None,
    )
