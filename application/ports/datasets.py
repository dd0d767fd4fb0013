"""Tables in files, as datasets see them."""

from pathlib import Path
from typing import Protocol

from domain.datasets.values import Contents, DatasetFormat


class DatasetFiles(Protocol):
    """Reads what lies in a file, or under a URI that the operator allows."""

    def inspect(self, path: Path, format: DatasetFormat) -> Contents:  # noqa: A002 - the field's word
        """Return the file's hash, rows and schema, reading it as a stream in bounded memory.

        Raises:
            UnreadableDataset: No table, or one that cannot be learned from: what, where, what to do.
        """

    def fetch(self, uri: str, to: Path) -> DatasetFormat:
        """Copy what lies at the URI to the path and return its format: a file's is known by its name.

        Of a directory, all rows of the Parquet files in it are copied, as one file.

        Raises:
            InvalidInput: The URI is of a kind not supported, outside the allowed root, or nothing is there.
            SourceUnavailable: It cannot be read now.
            UnreadableDataset: Files of a directory do not make a table: which, and why.
        """
