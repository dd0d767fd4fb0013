"""A dataset's bytes, copied from where a URI says they lie."""

import shutil
from pathlib import Path

from domain.datasets.values import DatasetFormat
from domain.errors import InvalidInput
from infrastructure.datasets.local_uris import open_below, path_of

_FORMATS = {".csv": DatasetFormat.CSV, ".parquet": DatasetFormat.PARQUET, ".pq": DatasetFormat.PARQUET}
_COPY_BYTES = 1024 * 1024


def fetch(uri: str, to: Path, *, allowed_root: Path | None) -> DatasetFormat:
    """Copy what lies at the URI to the path and return its format, known by its suffix.

    Args:
        uri: A `file:` URI, or a path, absolute or relative to the allowed root.
        to: Where nothing lies yet; nothing is left there when the copy fails.
        allowed_root: The directory that URIs may lead into; None allows no URI at all.

    Raises:
        InvalidInput: The URI is of a kind not supported, outside the allowed root, or nothing is there.
    """
    source = path_of(uri)
    if allowed_root is None or not allowed_root.is_dir():
        message = (
            "cannot be read: this service may read no files. Upload the file, or let the operator set "
            "ML_SERVICE_DATASET_ROOT to the directory that datasets may come from."
        )
        raise InvalidInput.of("uri", message, uri)
    found = _FORMATS.get(source.suffix.lower())
    if found is None:
        message = f"must end in {', '.join(_FORMATS)}: by that it is known how to read it."
        raise InvalidInput.of("uri", message, uri)
    with open_below(allowed_root, source, uri=uri) as file:
        try:
            with to.open("wb") as copy:
                shutil.copyfileobj(file, copy, _COPY_BYTES)
        except BaseException:
            to.unlink(missing_ok=True)
            raise
    return found
