"""Directories of Parquet files, as Dask, Spark and others write them: which files are the parts of the table.

As everywhere, names that begin with `_` or `.` are no data. A directory inside is one of Hive's: `key=value`.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from domain.errors import InvalidInput
from domain.kernel import Immutable
from infrastructure.datasets.local_uris import descriptor_below, path_of

PARTS_MAX = 10_000

_NOT_DATA = ("_", ".")
_NUMBERS = re.compile(r"([0-9]+)")
_SIGNS: Mapping[str, str] = MappingProxyType(
    {
        "_delta_log": "is a Delta Lake table, whose log says which of its files count: write it as plain Parquet.",
        ".hoodie": "is a Hudi table, whose log says which of its files count: write it as plain Parquet.",
        "_temporary": "is being written, or was left half written: register it when its writer is done.",
    }
)
"""Names that make a directory something else than the sum of its files."""


class PartFile(Immutable):
    """One file of a directory, as it was when it was listed.

    Attributes:
        name: Its path in the directory, by `/`.
        modified_ns: When its content was changed last.
    """

    name: str
    size_bytes: int
    modified_ns: int


class Directory(Immutable):
    """The files of a directory below a root, `part-2` before `part-10`.

    Attributes:
        root: The directory that URIs may lead into.
        uri: Of the directory itself.
        parts: At least one.
    """

    root: Path
    uri: str
    parts: tuple[PartFile, ...]


def list_directory(root: Path, *, uri: str) -> Directory:
    """Return what lies in the directory that the URI names.

    Raises:
        InvalidInput: It cannot be read, or holds no file, too many of them, or what is no part of a table.
    """
    descriptor = descriptor_below(root, path_of(uri), uri=uri)
    found: list[PartFile] = []
    try:
        for part in _files(descriptor, uri):
            found.append(part)
            if len(found) > PARTS_MAX:
                raise _refused(uri, f"holds more than {PARTS_MAX:,} files: write fewer and larger ones.")
    except OSError as error:
        raise _refused(uri, f"cannot be listed: {os.strerror(error.errno or 0)}.") from None
    finally:
        os.close(descriptor)
    if not found:
        raise _refused(uri, "is a directory without data: there is no name in it, or all begin with _ or .")
    return Directory(
        root=root, uri=uri, parts=tuple(sorted(found, key=lambda part: (_order(part.name), part.name)))
    )


def _files(descriptor: int, uri: str) -> Iterator[PartFile]:
    for at, inner, files, opened in os.fwalk(".", dir_fd=descriptor, onerror=_raise):
        for name in (*inner, *files):
            if name in _SIGNS:
                raise _refused(uri, _SIGNS[name])
        inner[:] = [name for name in inner if not name.startswith(_NOT_DATA)]
        for name in inner:
            inside = _inside(at, name, uri)
            if stat.S_ISLNK(os.lstat(name, dir_fd=opened).st_mode):
                raise _refused(uri, f"has {inside!r}, a link to a directory: let it hold the files themselves.")
            if "=" not in name:
                raise _refused(
                    uri, f"has the directory {inside!r}: those inside are named key=value; register it on its own."
                )
        for name in files:
            if not name.startswith(_NOT_DATA):
                is_now = os.stat(name, dir_fd=opened)
                yield PartFile(
                    name=_inside(at, name, uri), size_bytes=is_now.st_size, modified_ns=is_now.st_mtime_ns
                )


def _inside(at: str, name: str, uri: str) -> str:
    inside = os.path.normpath(os.path.join(at, name))  # noqa: PTH118 - of no path of this process
    if not inside.isprintable():  # which what is no UTF-8 is not, either
        raise _refused(uri, f"has a file or directory {inside!a}: rename it, in UTF-8 that can be printed.")
    return inside


def _order(name: str) -> list[str | int]:
    """Return text and numbers in turn."""
    return [int(piece) if place % 2 else piece for place, piece in enumerate(_NUMBERS.split(name))]


def _raise(error: OSError) -> None:
    raise error


def _refused(uri: str, message: str) -> InvalidInput:
    return InvalidInput.of("uri", message, uri)
