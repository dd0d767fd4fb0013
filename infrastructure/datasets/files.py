"""Dataset files on the local disk, looked into by this very process."""

from pathlib import Path

from domain.datasets.values import Contents, DatasetFormat
from infrastructure.datasets.csv_files import inspect_csv
from infrastructure.datasets.fetching import fetch
from infrastructure.datasets.parquet_files import inspect_parquet


class LocalDatasetFiles:
    """Reads files of the local disk; those that a URI names only below one directory.

    A file made to do harm can end the process that looks into it: bytes of strangers are for
    `IsolatedDatasetFiles`.

    Args:
        allowed_root: That directory; None allows no URI at all.
    """

    def __init__(self, allowed_root: Path | None) -> None:
        self._allowed_root = allowed_root

    def inspect(self, path: Path, format: DatasetFormat) -> Contents:  # noqa: A002 - the port's word
        """Return the file's hash, rows and schema, reading it as a stream in bounded memory.

        Raises:
            UnreadableDataset: No table, or one that cannot be learned from: what, where, what to do.
        """
        return inspect_csv(path) if format is DatasetFormat.CSV else inspect_parquet(path)

    def fetch(self, uri: str, to: Path) -> DatasetFormat:
        """Copy what lies at the URI to the path and return its format, known by its suffix.

        Raises:
            InvalidInput: The URI is of a kind not supported, outside the allowed root, or nothing is there.
        """
        return fetch(uri, to, allowed_root=self._allowed_root)
