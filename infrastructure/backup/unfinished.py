"""The directory of a backup that is being made: nobody else's, and empty again if it comes to nothing."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from infrastructure.backup.manifest import ARTIFACTS, LOG, MANIFEST

_MARKER = "unfinished"
_OURS = {_MARKER, LOG, ARTIFACTS, f"{MANIFEST}.new"}


class DirectoryNotEmpty(Exception):
    """The directory holds something already, which is left as it is."""


def require_free(directory: Path) -> None:
    """Demand that the directory is not there, is empty, or holds nothing but a backup that was never finished.

    Raises:
        DirectoryNotEmpty: It holds something else.
        OSError: It cannot be read.
    """
    if not directory.exists():
        return
    there = {path.name for path in directory.iterdir()}
    if there and (_MARKER not in there or not there <= _OURS):
        msg = f"{directory} is not empty: name a directory that is, or that is not there yet"
        raise DirectoryNotEmpty(msg)


@contextmanager
def begun(directory: Path) -> Iterator[None]:
    """Hold the directory, made where it is missing, and take away what was made if the block fails.

    A marker in it says that it holds an unfinished backup as long as it does, also when the process is killed:
    the next one takes the directory over.

    Raises:
        DirectoryNotEmpty: It holds something else, or another backup is being made there.
        OSError: It cannot be written.
    """
    made = [each for each in (directory, *directory.parents) if not each.exists()]
    directory.mkdir(parents=True, exist_ok=True)
    require_free(directory)
    descriptor = os.open(directory / _MARKER, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _hold(descriptor, directory)
        try:
            require_free(directory)  # again: another one can have come to its end since
        except BaseException:
            (directory / _MARKER).unlink(missing_ok=True)
            raise
        try:
            _clear(directory)
            directory.chmod(0o700)
            yield
        except BaseException:
            _clear(directory)
            (directory / _MARKER).unlink(missing_ok=True)
            for each in made:
                with suppress(OSError):  # somebody has put something there since
                    each.rmdir()
            raise
        (directory / _MARKER).unlink()
    finally:
        os.close(descriptor)


def _hold(descriptor: int, directory: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        is_free = False
    else:
        # whoever held it may have ended since it was opened: then this one is no longer the marker
        is_free = os.fstat(descriptor).st_nlink > 0
    if not is_free:
        msg = f"another backup is being made in {directory}"
        raise DirectoryNotEmpty(msg)


def _clear(directory: Path) -> None:
    (directory / MANIFEST).unlink(missing_ok=True)
    for name in _OURS - {_MARKER, ARTIFACTS}:
        (directory / name).unlink(missing_ok=True)
    shutil.rmtree(directory / ARTIFACTS, ignore_errors=True)
