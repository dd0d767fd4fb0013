"""Collections that go on while all else does, and what they may take."""

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from infrastructure.artifacts.local import LocalArtifacts, place_of
from infrastructure.artifacts.references import References
from infrastructure.artifacts.waste import DirectoryWaste
from infrastructure.event_store.log_rows import StoredLog
from tests.support.processes import started

LONG_AGO = timedelta(hours=2)


class Collector:
    """A process that collects the artifacts of a directory again and again; entered while it does.

    Args:
        database_url: PostgreSQL with the log.
        root: The directory.

    Attributes:
        collections: How many have come to their end.
        removed: How many artifacts they have removed.
    """

    def __init__(self, *, database_url: str, root: Path) -> None:
        self._command = [sys.executable, "-m", "tests.faults.collecting_process", database_url, str(root)]
        self.collections = self.removed = 0

    def __enter__(self) -> Self:
        self._process = started(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.kill()
        told, _ = self._process.communicate()
        self.collections += told.count("\n")
        self.removed += sum(map(int, told.split()))

    def kill_and_replace(self) -> None:
        """Kill it wherever it is, and start another."""
        self.__exit__()
        self.__enter__()


class Shelf:
    """A directory of artifacts, of which time can be told to have passed.

    Args:
        root: The directory.
        log: Of all events.
    """

    def __init__(self, *, root: Path, log: StoredLog) -> None:
        self.artifacts = LocalArtifacts(root=root)
        self._waste = DirectoryWaste(root)
        self._references = References(log, self._waste)
        self._referred: set[str] = set()

    def leave(self, content: bytes) -> str:
        """Leave bytes that nothing refers to, as if that was long ago."""
        name = self.artifacts.put(content)
        self._age(name)
        return name

    def has(self, name: str) -> bool:
        """Tell whether an artifact is there."""
        return (self.artifacts.root / place_of(name)).exists()

    def age_what_is_referred_to(self) -> None:
        """Let nothing but the log speak for what it refers to: it is as old as can be."""
        self._referred |= self._references.up_to_now() & set(self._waste.names())
        for name in self._referred:
            self._age(name)

    def require_what_was_referred_to(self) -> int:
        """Demand that all bytes that the log ever referred to are there, and return of how many artifacts."""
        for name in self._referred:
            self.artifacts.read(name)
        return len(self._referred)

    def _age(self, name: str) -> None:
        at = time.time() - LONG_AGO.total_seconds()
        os.utime(self.artifacts.root / place_of(name), (at, at))
