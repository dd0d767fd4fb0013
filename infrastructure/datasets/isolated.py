"""Dataset files on the local disk, each read by a process of its own.

Decoders of binary formats are large programs written for speed, and a file can be made to end them, or to have
them take any amount of memory or time. Here that is the end of the reading process, and a refusal.
"""

import logging
import os
from pathlib import Path
from queue import Empty
from threading import BoundedSemaphore

from pydantic import ValidationError

from domain.datasets.errors import UnreadableDataset
from domain.datasets.values import Contents, DatasetFormat
from infrastructure.datasets.directories import Directory
from infrastructure.datasets.fetching import SIZE_MAX_BYTES, fetch
from infrastructure.datasets.protocol import (
    ANSWER,
    MODULE,
    Answer,
    Inspected,
    Inspection,
    Joined,
    Joining,
    NotWritten,
    Order,
    OutOfMemory,
    Refused,
)
from infrastructure.datasets.refusals import unreadable
from infrastructure.sources.allowed_urls import AllowedUrls
from infrastructure.system.ordered_process import Death, OrderedProcess

MIB = 1024 * 1024
MEMORY_MAX_BYTES = 1024 * MIB
"""Several times what any sound file was seen to need."""
PATIENCE_S = 120.0
"""For any file, however small."""
BYTES_PER_S = 1 * MIB
"""The slowest reading that is waited for: a hundredth of what a usual machine does."""

_ENVIRONMENT = {
    # decoding is done by one thread; the stacks of idle ones would count as memory
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}

_STRANGE = "The inspecting process answered what it was not asked."

_log = logging.getLogger(__name__)


class InspectionFailed(Exception):
    """The inspecting process broke on its own; whether the file is good is not known."""


class IsolatedDatasetFiles:
    """Reads files of the local disk; those that a URI names only below one directory, or below URLs.

    May be called from several threads at once: a few files are looked into at a time, the others wait.

    Args:
        allowed_root: That directory; None allows none.
        allowed_urls: Those URLs; none when not given.
        size_max_bytes: Of what lies there, larger files are refused, and directories that make one.
        memory_max_bytes: What one inspection may allocate, the interpreter and its libraries (about 100 MiB)
            included.
        at_once: How many inspections run at a time.
        patience_s: How long one may take, beside a second for each MiB of the file.
    """

    def __init__(
        self,
        allowed_root: Path | None,
        *,
        allowed_urls: AllowedUrls | None = None,
        size_max_bytes: int = SIZE_MAX_BYTES,
        memory_max_bytes: int = MEMORY_MAX_BYTES,
        at_once: int = 1,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._allowed_root = allowed_root
        self._allowed_urls = allowed_urls or AllowedUrls()
        self._size_max_bytes = size_max_bytes
        self._memory_max_bytes = memory_max_bytes
        self._turn = BoundedSemaphore(at_once)
        self._patience_s = patience_s

    def inspect(self, path: Path, format: DatasetFormat) -> Contents:  # noqa: A002 - the port's word
        """Return the file's hash, rows and schema.

        Raises:
            UnreadableDataset: No table, or one that cannot be learned from, or one that took the process
                down, more memory than allowed or more time: what, where, what to do.
            InspectionFailed: The process broke for a reason that does not lie in the file.
        """
        answer = self._answer(Inspection(path=path, format=format), size_bytes=path.stat().st_size)
        if not isinstance(answer, Inspected):
            raise InspectionFailed(_STRANGE)
        return answer.contents

    def fetch(self, uri: str, to: Path) -> DatasetFormat:
        """Copy what lies at the URI to the path and return its format: a directory's files as one of Parquet.

        Raises:
            InvalidInput: The URI is of a kind not supported, outside the allowed root, or nothing is there.
            SourceUnavailable: It cannot be read now.
            UnreadableDataset: Files of a directory do not make a table, or as `inspect` says.
            InspectionFailed: As `inspect` says.
        """
        return fetch(
            uri,
            to,
            allowed_root=self._allowed_root,
            allowed_urls=self._allowed_urls,
            size_max_bytes=self._size_max_bytes,
            join=self._join,
        )

    def _join(self, directory: Directory, to: Path, *, size_max_bytes: int) -> None:
        work = Joining(directory=directory, to=to, size_max_bytes=size_max_bytes)
        if not isinstance(self._answer(work, size_bytes=sum(part.size_bytes for part in directory.parts)), Joined):
            raise InspectionFailed(_STRANGE)

    def _answer(self, work: Inspection | Joining, *, size_bytes: int) -> Inspected | Joined:
        order = Order(work=work, memory_max_bytes=self._memory_max_bytes)
        timeout_s = self._patience_s + size_bytes / BYTES_PER_S
        with self._turn, OrderedProcess(module=MODULE, order=order, environment=_ENVIRONMENT) as process:
            try:
                line = process.next_line(timeout_s=timeout_s)
            except Empty:
                raise unreadable(f"could not be read within {timeout_s:,.0f} s: write it again.") from None
            if line is None:
                raise self._failure(process.death())
        match _parse(line):
            case Refused(problems=problems):
                raise UnreadableDataset(problems)
            case OutOfMemory():
                raise self._too_much()
            case NotWritten(errno=errno):
                raise OSError(errno, os.strerror(errno))
            case answer:
                return answer

    def _failure(self, death: Death) -> Exception:
        if death.status >= 0:
            return InspectionFailed(f"The inspecting process {death}. Its last words: {death.last_words}")
        # for the operator: last words name paths of this machine
        _log.warning("an inspecting process %s; its last words: %s", death, death.last_words)
        return self._too_much()

    def _too_much(self) -> UnreadableDataset:
        return unreadable(
            f"is damaged, or takes more memory to read than the {self._memory_max_bytes // MIB:,} MiB allowed: "
            "write it again, Parquet with smaller pages."
        )


def _parse(line: bytes) -> Answer:
    try:
        return ANSWER.validate_json(line)
    except ValidationError as error:
        msg = f"The inspecting process wrote what cannot be read: {line[:200]!r}."
        raise InspectionFailed(msg) from error
