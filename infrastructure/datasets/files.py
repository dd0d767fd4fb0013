"""Dataset files on the local disk."""

import shutil
from pathlib import Path

from domain.datasets.values import Contents, DatasetFormat
from domain.errors import InvalidInput
from infrastructure.datasets.csv_files import inspect_csv
from infrastructure.datasets.local_uris import open_below, path_of
from infrastructure.datasets.parquet_files import inspect_parquet

_FORMATS = {".csv": DatasetFormat.CSV, ".parquet": DatasetFormat.PARQUET, ".pq": DatasetFormat.PARQUET}
_COPY_BYTES = 1024 * 1024


class LocalDatasetFiles:
    """Reads files of the local disk; those that a URI names only below one directory.

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

        Args:
            uri: A `file:` URI, or a path, absolute or relative to the allowed root.
            to: Where nothing lies yet; nothing is left there when the copy fails.

        Raises:
            InvalidInput: The URI is of a kind not supported, outside the allowed root, or nothing is there.
        """
        source = path_of(uri)
        if self._allowed_root is None or not self._allowed_root.is_dir():
            message = (
                "cannot be read: this service may read no files. Upload the file, or let the operator set "
                "ML_SERVICE_DATASET_ROOT to the directory that datasets may come from."
            )
            raise InvalidInput.of("uri", message, uri)
        found = _FORMATS.get(source.suffix.lower())
        if found is None:
            message = f"must end in {', '.join(_FORMATS)}: by that it is known how to read it."
            raise InvalidInput.of("uri", message, uri)
        with open_below(self._allowed_root, source, uri=uri) as file:
            try:
                with to.open("wb") as copy:
                    shutil.copyfileobj(file, copy, _COPY_BYTES)
            except BaseException:
                to.unlink(missing_ok=True)
                raise
        return found
