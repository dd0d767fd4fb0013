"""The bytes of a text file on their way to the parser: hashed and checked as they pass."""

import codecs
import hashlib
from typing import BinaryIO

from domain.datasets.errors import UnreadableDataset
from infrastructure.datasets.refusals import unreadable

_BINARY_FORMATS = {
    b"PAR1": "a Parquet file: send it as Parquet",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook: unpack it, or save the sheet as CSV",
    b"\x1f\x8b": "compressed with gzip: unpack it",
    b"BZh": "compressed with bzip2: unpack it",
    b"\xfd7zXZ\x00": "compressed with xz: unpack it",
    b"\x28\xb5\x2f\xfd": "compressed with zstd: unpack it",
    b"\xff\xfe": "UTF-16 text: save it as UTF-8",
    b"\xfe\xff": "UTF-16 text: save it as UTF-8",
    b"%PDF": "a PDF document: save its table as CSV",
    b"ARROW1": "an Arrow file: save it as Parquet",
}


class TextBytes:
    """A file for the parser to read: UTF-8 without NUL, followed by a row of ours.

    Raises:
        UnreadableDataset: On making it and on reading: the bytes are no UTF-8, or hold a NUL; with the line.

    Attributes:
        last_row: The row put behind the file, on a line of its own.
        closed: Part of what a file is; the parser asks.
        head: The text that the file begins with, without a byte order mark.
        size_bytes: Bytes of the file that were read.
    """

    closed = False

    def __init__(self, file: BinaryIO, *, head_bytes: int, last_row: str) -> None:
        self.last_row = last_row
        self._file = file
        self._ending = f"\n{last_row}\n".encode()
        self._hash = hashlib.sha256()
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._lines = 0
        self._is_at_end = False
        self.size_bytes = 0
        self._unread = self._take(head_bytes)
        # A character that the end of the head cuts in two is none of the head.
        self.head = self._unread[: self.size_bytes].decode("utf-8-sig", errors="ignore")

    @property
    def sha256(self) -> str:
        """The hash of what was read so far, in lower-case hexadecimal."""
        return self._hash.hexdigest()

    def read(self, size: int) -> bytes:
        """Return the next bytes, about `size` (the ending comes on top); none at the end."""
        if self._unread:
            chunk, self._unread = self._unread, b""
            return chunk
        return self._take(size)

    def _take(self, size: int) -> bytes:
        if self._is_at_end:
            return b""
        chunk = self._file.read(size)
        self._is_at_end = len(chunk) < size
        self._check(chunk)
        self._hash.update(chunk)
        self.size_bytes += len(chunk)
        self._lines += chunk.count(b"\n")
        return chunk + self._ending if self._is_at_end else chunk

    def _check(self, chunk: bytes) -> None:
        nul = chunk.find(b"\0")
        pending = self._decoder.getstate()[0]
        if pending or not chunk.isascii():
            try:
                self._decoder.decode(chunk, final=self._is_at_end)
            except UnicodeDecodeError as error:
                at = error.start - len(pending)
                if nul < 0 or at < nul:
                    raise self._not_text(chunk, at, "is not UTF-8") from None
        if nul >= 0:
            raise self._not_text(chunk, nul, "holds a NUL byte")

    def _not_text(self, chunk: bytes, at: int, what: str) -> UnreadableDataset:
        for magic, name in _BINARY_FORMATS.items():
            if self.size_bytes == 0 and chunk.startswith(magic):
                return unreadable(f"is not CSV but {name}.")
        line = self._lines + chunk[: max(at, 0)].count(b"\n") + 1
        offset = self.size_bytes + at
        return unreadable(f"{what} at byte {offset:,}, in line {line:,}: save it as UTF-8 text.")
