"""Dataset files on the local disk, looked into by this very process."""

from pathlib import Path

from domain.datasets.values import Contents, DatasetFormat
from infrastructure.datasets.csv_files import inspect_csv
from infrastructure.datasets.fetching import SIZE_MAX_BYTES, fetch
from infrastructure.datasets.joining import join_files
from infrastructure.datasets.parquet_files import inspect_parquet
from infrastructure.sources.allowed_urls import AllowedUrls


class LocalDatasetFiles:
    """Reads files of the local disk; those that a URI names only below one directory.

    A file made to do harm can end the process that looks into it: bytes of strangers are for
    `IsolatedDatasetFiles`.

    Args:
        allowed_root: That directory; None allows no URI at all.
        size_max_bytes: Of what files of a directory make, more is refused.
    """

    def __init__(self, allowed_root: Path | None, *, size_max_bytes: int = SIZE_MAX_BYTES) -> None:
        self._allowed_root = allowed_root
        self._size_max_bytes = size_max_bytes

    def inspect(self, path: Path, format: DatasetFormat) -> Contents:  # noqa: A002 - the port's word
        """Return the file's hash, rows and schema, reading it as a stream in bounded memory.

        Raises:
            UnreadableDataset: No table, or one that cannot be learned from: what, where, what to do.
        """
        return inspect_csv(path) if format is DatasetFormat.CSV else inspect_parquet(path)

    def fetch(self, uri: str, to: Path) -> DatasetFormat:
        """Copy what lies at the URI to the path and return its format: a directory's files as one of Parquet.

        Raises:
            InvalidInput: The URI is of a kind not supported, outside the allowed root, or nothing is there.
            UnreadableDataset: Files of a directory do not make a table.
        """
        return fetch(
            uri,
            to,
            allowed_root=self._allowed_root,
            allowed_urls=AllowedUrls(),
            size_max_bytes=self._size_max_bytes,
            join=join_files,
        )
