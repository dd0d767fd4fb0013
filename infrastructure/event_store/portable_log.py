"""The log as a file of JSON lines with its chain and its checkpoints, to be checked without a service."""

import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from application.views import instant_text
from infrastructure.event_store.chain_breaks import ChainBroken
from infrastructure.event_store.checkpoints import Checkpoint
from infrastructure.event_store.log_rows import PAGE_ROWS, EventRow, Head, LinkRow, LogUnreachable, Page, Snapshot
from infrastructure.event_store.portable_format import (
    BEGINNING,
    Content,
    End,
    Header,
    NoLine,
    checkpoint_line,
    event_line,
    parsed,
)
from infrastructure.event_store.verification import OnProgress, Walk, sound_pages

LINE_MAX_BYTES = 64 * 1024 * 1024
"""Far more than the largest event: a longer line is a file of another kind, which must not fill the memory."""

_GZIP_MAGIC = b"\x1f\x8b"

OnEvents = Callable[[Sequence[EventRow]], None]


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object:
        """Take all of them."""


def export(
    snapshot: Snapshot,
    into: Sink,
    *,
    checkpoints: Sequence[Checkpoint],
    public_keys: Sequence[bytes],
    at: datetime,
    on_progress: OnProgress = lambda _position: None,
    on_events: OnEvents = lambda _events: None,
) -> Head:
    """Write the log as it is in the snapshot and return its head; it is verified on the way.

    Args:
        snapshot: Taken after the checkpoints were read.
        into: Gets the lines.
        checkpoints: Each genuine.
        public_keys: That are to be trusted, raw.
        at: The instant of the export.
        on_progress: Told of the position reached.
        on_events: Given the events of each page, after they were written.

    Raises:
        ChainBroken: The log is not what was written; the export has no end line then.
        LogUnreachable: The log cannot be read any more.
    """
    covered = sha256()

    def write(lines: bytes) -> None:
        covered.update(lines)
        into.write(lines)

    write(Header(exported_at=instant_text(at), public_keys=public_keys).line)
    write(b"".join(checkpoint_line(each) for each in checkpoints))
    walk = Walk()
    for events, links in sound_pages(
        snapshot.pages(), walk=walk, checkpoints=checkpoints, last_issued=snapshot.last_issued()
    ):
        write(b"".join(map(event_line, events, links)))
        on_events(events)
        on_progress(walk.position)
    into.write(End(events=walk.position, head=walk.hash, sha256=covered.digest()).line)
    return Head(position=walk.position, hash=walk.hash)


class NoPortableLog(Exception):
    """The file does not begin as one does."""


class PortableLog:
    """A portable log that is being read.

    Args:
        file: At its beginning.

    Raises:
        NoPortableLog: The file is of another kind.
        ChainBroken: It is a portable log, and a line before the first event is not what was written.
        LogUnreachable: It cannot be read.

    Attributes:
        header: How it begins.
        checkpoints: As they stand there, genuine or not.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._covered = sha256()
        self._line_number = 0
        self._line = b""
        self._position = 0
        self.header = self._header()
        self.checkpoints: list[Checkpoint] = []
        found: Content = self._next()
        while isinstance(found, Checkpoint):
            self.checkpoints.append(found)
            found = self._next()
        self._found = found

    def pages(self) -> Iterator[Page]:
        """Yield all events with their hashes as they stand in the file; to be called once.

        Raises:
            ChainBroken: A line is missing, or is not what was written.
        """
        events: list[EventRow] = []
        links: list[LinkRow] = []
        found: Content = self._found
        try:
            while isinstance(found, tuple):
                events.append(found[0])
                links.append(found[1])
                self._position = found[0][0]
                if len(events) == PAGE_ROWS:
                    yield events, links
                    events, links = [], []
                found = self._next()
            self._require_end(found, last=links[-1] if links else None)
        except ChainBroken:
            yield events, links  # what is wrong before comes first
            raise
        yield events, links

    def _header(self) -> Header:
        if not self._take().startswith(BEGINNING):
            msg = "it is no exported log"
            raise NoPortableLog(msg)
        found = self._content()
        if not isinstance(found, Header):
            raise self._broken("it has other fields than a header")
        return found

    def _require_end(self, found: object, *, last: LinkRow | None) -> None:
        if not isinstance(found, End):
            raise self._broken("a header or a checkpoint stands among the events")
        if found.events != self._position:
            raise self._broken(f"the file says that it holds {found.events} events")
        if last is not None and last[1] != found.head:
            raise ChainBroken(self._position, "the end of the file names another hash")
        if found.sha256 != self._covered_before:
            raise ChainBroken(None, "a line before the events was changed, added or removed")
        if self._read() != b"":
            raise self._broken("something stands after the end")

    def _next(self) -> Content:
        self._take()
        return self._content()

    def _take(self) -> bytes:
        """Read the next line, as it stands there; empty at the end of the file."""
        self._covered_before = self._covered.digest()
        self._line = line = self._read()
        self._line_number += 1
        self._covered.update(line)
        return line

    def _content(self) -> Content:
        line = self._line
        if line == b"":
            raise self._broken("the file is cut off")
        if not line.endswith(b"\n"):
            is_cut = len(line) < LINE_MAX_BYTES
            raise self._broken("the file is cut off within it" if is_cut else "it is longer than any event")
        try:
            return parsed(line)
        except NoLine as error:
            raise self._broken(str(error)) from None

    def _read(self) -> bytes:
        try:
            return self._file.readline(LINE_MAX_BYTES)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self._line_number += 1
            raise self._broken(f"the compressed file is damaged or cut off ({error})") from None
        except OSError as error:
            msg = f"the file cannot be read: {error.strerror or error}"
            raise LogUnreachable(msg) from error

    def _broken(self, reason: str) -> ChainBroken:
        return ChainBroken(self._position + 1, f"line {self._line_number}: {reason}")


def opened(path: Path) -> BinaryIO:
    """Open a portable log, compressed or not.

    Raises:
        LogUnreachable: It cannot be read.
    """
    try:
        file = path.open("rb")
        if file.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC):
            return cast("BinaryIO", BufferedReader(_Gzip(file)))
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise LogUnreachable(msg) from error
    return file


class _Gzip(gzip.GzipFile):
    """A compressed file that closes what it reads from."""

    def __init__(self, file: BufferedReader) -> None:
        super().__init__(fileobj=file, mode="rb")
        self._file = file

    def close(self) -> None:
        """Close both."""
        super().close()
        self._file.close()
