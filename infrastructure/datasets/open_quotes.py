"""Where a CSV file goes wrong with its quotes: looked for once it is known to be no table."""

import re
from pathlib import Path

_PIECE_BYTES = 2 * 1024 * 1024
"""Lines longer than the longest row are looked at in pieces, so that no file fills the memory."""

_OPENING = re.compile(rb'(?:^(?:\xef\xbb\xbf)?|[,\r\n])"')
"""A quote opens a cell at its beginning only; elsewhere it is text."""
_CLOSING = re.compile(rb'(?:[^"]++|"")*+"')


def line_of_open_quote(path: Path) -> int | None:
    """Return the line, from 1, in which a quoted cell begins that never ends; None where all do."""
    opened: int | None = None
    line = 1
    with path.open("rb") as file:
        while piece := file.readline(_PIECE_BYTES):
            if b'"' in piece:
                opened = _after(piece, opened=opened, line=line)
            line += piece.endswith(b"\n")
    return opened


def _after(piece: bytes, *, opened: int | None, line: int) -> int | None:
    at = 0
    while True:
        found = (_OPENING.search if opened is None else _CLOSING.match)(piece, at)
        if found is None:
            return opened
        opened = line if opened is None else None
        at = found.end()
