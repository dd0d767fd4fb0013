"""Local files and directories that a URI may name: those below one directory, and nothing else."""

import os
import re
import stat
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote_to_bytes, urlsplit

from domain.errors import InvalidInput

_SCHEME = re.compile(r"(?i)([a-z][a-z0-9+.-]*)://")
_FILE_SCHEME = re.compile(r"(?i)file:/")
_SUPPORTED = (
    "give a path or a file:// URI below the directory in ML_SERVICE_DATASET_ROOT, or a URL below one in "
    "ML_SERVICE_SOURCE_URLS"
)


def path_of(uri: str) -> Path:
    """Return the path that a `file:` URI or a plain path names; whether it may be read is not asked here.

    Raises:
        InvalidInput: Another kind of URI, or a malformed one.
    """
    if "\0" in uri or not uri.strip():
        raise _refused(uri, f"names no file: {_SUPPORTED}.")
    if _FILE_SCHEME.match(uri):
        return _path_of_file_uri(uri)
    if scheme := _SCHEME.match(uri):
        raise _refused(uri, f"is of kind {scheme[1].lower()!r}, which is not supported: {_SUPPORTED}.")
    return Path(uri)


def open_below(root: Path, path: Path, *, uri: str) -> BinaryIO:
    """Open a regular file below the root, wherever symbolic links lead.

    Raises:
        InvalidInput: It lies outside, is not there, may not be read, or is no regular file.
    """
    descriptor = descriptor_below(root, path, uri=uri)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _refused(uri, "is no regular file: name a single one.")
    return os.fdopen(descriptor, "rb")


def is_directory_below(root: Path, path: Path, *, uri: str) -> bool:
    """Tell whether a directory is what lies there.

    Raises:
        InvalidInput: As `descriptor_below` says.
    """
    descriptor = descriptor_below(root, path, uri=uri)
    try:
        return stat.S_ISDIR(os.fstat(descriptor).st_mode)
    finally:
        os.close(descriptor)


def descriptor_below(root: Path, path: Path, *, uri: str) -> int:
    """Open whatever lies below the root, wherever symbolic links lead.

    Every directory on the way is opened by its parent's descriptor and no link is followed then, so
    nothing that is swapped after the check can lead outside.

    Raises:
        InvalidInput: It lies outside, is not there, or may not be read.
    """
    try:
        real_root = root.resolve(strict=True)
        real = (real_root / path).resolve()
    except (OSError, RuntimeError, ValueError):
        raise _refused(uri, "cannot be followed: its links go in a circle, or it is too long.") from None
    if not real.is_relative_to(real_root):
        raise _refused(uri, "lies outside the directory that files may come from (ML_SERVICE_DATASET_ROOT).")
    try:
        return _open_without_links(real_root, real.relative_to(real_root).parts)
    except (FileNotFoundError, NotADirectoryError):
        raise _refused(uri, "names nothing that is there: look for a mistyped name.") from None
    except OSError as error:
        raise _refused(uri, f"cannot be read: {os.strerror(error.errno or 0)}.") from None


def _open_without_links(root: Path, parts: tuple[str, ...]) -> int:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    # O_NONBLOCK: opening a pipe must not wait for somebody to write into it.
    flags |= os.O_NONBLOCK
    descriptor = os.open(root, flags)
    for part in parts:
        try:
            inner = os.open(part, flags, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        descriptor = inner
    return descriptor


def _path_of_file_uri(uri: str) -> Path:
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise _refused(uri, f"is no valid URI: {_SUPPORTED}.") from None
    if parts.netloc not in {"", "localhost"}:
        raise _refused(uri, f"names the host {parts.netloc!r}: a file URI has none (file:///path).")
    if parts.query or parts.fragment:
        raise _refused(uri, "has a query or fragment: write ? as %3F and # as %23 in a file URI.")
    path = unquote_to_bytes(parts.path)
    if b"\0" in path:
        raise _refused(uri, f"names no file: {_SUPPORTED}.")
    return Path(os.fsdecode(path))


def _refused(uri: str, message: str) -> InvalidInput:
    return InvalidInput.of("uri", message, uri)
