"""A dataset's bytes, copied from where a URI says they lie."""

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from domain.datasets.values import DatasetFormat
from domain.errors import InvalidInput
from infrastructure.datasets.directories import Directory, list_directory
from infrastructure.datasets.local_uris import is_directory_below, open_below, path_of
from infrastructure.sources.allowed_urls import AllowedUrls, is_remote
from infrastructure.sources.remote import remote_pieces

SIZE_MAX_BYTES = 10 * 1024**3

_FORMATS = {".csv": DatasetFormat.CSV, ".parquet": DatasetFormat.PARQUET, ".pq": DatasetFormat.PARQUET}
_COPY_BYTES = 1024 * 1024


class Join(Protocol):
    """Writes the rows of a directory's files to a new one, which is to have so many bytes at most."""

    def __call__(self, directory: Directory, to: Path, *, size_max_bytes: int) -> None:
        """Write them."""


def fetch(
    uri: str,
    to: Path,
    *,
    allowed_root: Path | None,
    allowed_urls: AllowedUrls,
    size_max_bytes: int,
    join: Join,
) -> DatasetFormat:
    """Copy what lies at the URI to the path and return its format: a file's is known by its suffix.

    Args:
        uri: A `file:` URI, or a path, absolute or relative to the allowed root; of a directory, the Parquet
            files in it are copied as one. Or the URL of a file that lies elsewhere.
        to: Where nothing lies yet; nothing is left there when the copy fails.
        allowed_root: The directory that URIs may lead into; None allows none of this machine.
        allowed_urls: Those that may be read from elsewhere.
        size_max_bytes: Of more, no more is copied.
        join: Makes one of several files.

    Raises:
        InvalidInput: The URI is of a kind not supported, outside the allowed root, or nothing is there, or
            files of a directory do not make a table.
        SourceUnavailable: It cannot be read now.
    """
    try:
        if is_remote(uri):
            suffix = PurePosixPath(uri.partition("?")[0]).suffix  # what is wrong with a query is told of by itself
            found = _format_of(suffix, uri=uri, otherwise=" (directories are read from this machine only)")
            _write(_at_most(size_max_bytes, remote_pieces(uri, allowed=allowed_urls), uri=uri), to)
            return found
        source, root = path_of(uri), _required(allowed_root, uri=uri)
        if is_directory_below(root, source, uri=uri):
            _join_unchanged(list_directory(root, uri=uri), to, join, size_max_bytes=size_max_bytes)
            return DatasetFormat.PARQUET
        found = _format_of(source.suffix, uri=uri, otherwise=", or be a directory")
        with open_below(root, source, uri=uri) as file:
            _write(_pieces(file), to)
    except BaseException:
        to.unlink(missing_ok=True)
        raise
    return found


def _required(allowed_root: Path | None, *, uri: str) -> Path:
    if allowed_root is None or not allowed_root.is_dir():
        message = (
            "cannot be read: this service may read no files. Upload the file, or let the operator set "
            "ML_SERVICE_DATASET_ROOT to the directory that datasets may come from."
        )
        raise InvalidInput.of("uri", message, uri)
    return allowed_root


def _format_of(suffix: str, *, uri: str, otherwise: str) -> DatasetFormat:
    found = _FORMATS.get(suffix.lower())
    if found is None:
        message = f"must end in {', '.join(_FORMATS)}{otherwise}: by that it is known how to read it."
        raise InvalidInput.of("uri", message, uri)
    return found


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_COPY_BYTES):
        yield piece


def _at_most(size_max_bytes: int, pieces: Iterable[bytes], *, uri: str) -> Iterator[bytes]:
    size_bytes = 0
    for piece in pieces:
        size_bytes += len(piece)
        if size_bytes > size_max_bytes:
            message = f"leads to more than the {size_max_bytes:,} bytes that a dataset may have here."
            raise InvalidInput.of("uri", message, uri)
        yield piece


def _write(pieces: Iterable[bytes], to: Path) -> None:
    with to.open("wb") as copy:
        for piece in pieces:
            copy.write(piece)


def _join_unchanged(directory: Directory, to: Path, join: Join, *, size_max_bytes: int) -> None:
    try:
        join(directory, to, size_max_bytes=size_max_bytes)
    except InvalidInput:
        _require_unchanged(directory)  # what was wrong may be no fault of the files
        raise
    _require_unchanged(directory)


def _require_unchanged(directory: Directory) -> None:
    if list_directory(directory.root, uri=directory.uri) != directory:
        message = "was changed while it was read: register it when nobody writes to it."
        raise InvalidInput.of("uri", message, directory.uri)
