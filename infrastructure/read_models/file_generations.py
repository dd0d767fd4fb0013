"""Generations in files of SQLite: one file each, and a small one that names the current."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, select
from sqlalchemy.exc import DatabaseError

from infrastructure.read_models.dialects import sqlite_url
from infrastructure.read_models.generations import kept_of
from infrastructure.read_models.sql import SqlReadModels
from infrastructure.read_models.sqlite_bulk import SqliteBulkTables, new_file
from infrastructure.read_models.tables import FINGERPRINT

_FILE = re.compile(r"read_models(?:\.(\d+))?\.db(-wal|-shm|-journal)?")
_Seen = tuple[int, int, int]


class FileGenerations:
    """Generations as `read_models.<number>.db`; the current one's number is what `read_models.current` holds.

    Args:
        directory: Where the files are; it exists.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._pointer = directory / "read_models.current"
        self._seen: tuple[_Seen, int] | None = None

    def close(self) -> None:
        """Nothing is open."""

    def current(self) -> int | None:
        """Return the number of the current generation; None before the first."""
        try:
            return int(self._pointer.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):  # a pointer that says nothing is as good as none
            return None

    def glance(self) -> int | None:
        """Return the same; the pointer is read only when it was replaced."""
        try:
            found = self._pointer.stat()
        except FileNotFoundError:
            return None
        seen = (found.st_ino, found.st_mtime_ns, found.st_ctime_ns)
        if self._seen is None or self._seen[0] != seen:
            number = self.current()
            if number is None:
                return None
            self._seen = (seen, number)
        return self._seen[1]

    def fingerprint(self, number: int) -> str | None:
        """Return the fingerprint of the program that made the generation; None where it cannot be told."""
        path = self._path(number)
        if not path.exists():
            return None
        engine = create_engine(sqlite_url(path))
        try:
            with engine.connect() as connection:
                return connection.scalar(select(FINGERPRINT.c.fingerprint))
        except DatabaseError:  # another program's tables, or a file that was damaged
            return None
        finally:
            engine.dispose()

    def open(self, number: int) -> SqlReadModels:
        """Return a generation that is whole."""
        return SqlReadModels(url=sqlite_url(self._path(number)))

    @contextmanager
    def building(self) -> Iterator[None]:
        """Be the only one, of all processes, that builds a generation; whatever ends us lets others go on."""
        descriptor = os.open(self._directory / "read_models.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def begin(self) -> tuple[int, AbstractContextManager[SqliteBulkTables]]:
        """Return a new number and its empty tables; what an unfinished building left is removed."""
        number = max([*self._numbers(), self.current() or 0]) + 1
        self.clear_away()
        return number, new_file(self._path(number))

    def make_current(self, number: int, *, within: Connection | None) -> None:
        """Let the generation be the current one: a reader of the pointer sees the old number or the new one.

        Who applies pages looks at the pointer with the write lock held, and so does `within`: no page
        reaches the generation before once the pointer is another.
        """
        del within
        written = self._pointer.with_suffix(".new")
        with written.open("w", encoding="ascii") as file:
            file.write(str(number))
            file.flush()
            os.fsync(file.fileno())
        written.replace(self._pointer)
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def clear_away(self) -> None:
        """Remove all files but those of the current generation and the one before it; an earlier release's,
        too. Who has one open can go on reading it.
        """
        kept = kept_of(self._numbers(), current=self.current())
        for path in self._directory.iterdir():
            found = _FILE.fullmatch(path.name)
            if found is not None and (found[1] is None or int(found[1]) not in kept):
                path.unlink(missing_ok=True)

    def _numbers(self) -> list[int]:
        found = (_FILE.fullmatch(path.name) for path in self._directory.iterdir())
        return sorted({int(each[1]) for each in found if each is not None and each[1] is not None})

    def _path(self, number: int) -> Path:
        return self._directory / f"read_models.{number}.db"
