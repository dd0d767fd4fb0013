"""CSV files: RFC 4180, in UTF-8, with a header; read as a stream of cells.

Lines end with LF or CRLF; empty lines count for nothing. Every cell comes as text: what it means is
decided over the whole column (`cells`), never from the file's beginning.
"""

import csv
import io
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv

from domain.datasets.errors import UnreadableDataset
from domain.datasets.values import COLUMNS_MAX, Column, Contents, DatasetFormat
from infrastructure.datasets.cells import MISSING, CellProfile, to_values
from infrastructure.datasets.column_names import require_names
from infrastructure.datasets.freed_memory import FreedMemory
from infrastructure.datasets.open_quotes import line_of_open_quote
from infrastructure.datasets.refusals import unreadable
from infrastructure.datasets.text_bytes import TextBytes
from infrastructure.datasets.value_types import VALUE_TYPES

BLOCK_BYTES = 1024 * 1024
"""The parser reads 32 blocks ahead, whatever it is told, so blocks are small. No row is longer than one."""

_LAST_ROW_COMMAS = "," * COLUMNS_MAX
"""Put behind every file: no table is as wide, so the parser reports this row. Where it does not, a quote
was opened and never closed, and the row became part of a cell."""


def inspect_csv(path: Path) -> Contents:
    """Return what lies in a CSV file.

    Raises:
        UnreadableDataset: It is no table; the message says where and why.
    """
    with path.open("rb") as file:
        text = _text(file)
        names = _header(path, text)
        profiles = [CellProfile(name) for name in names]
        rows = 0
        for batch in _batches(path, text, names=names, columns=names, use_threads=False):
            rows += batch.num_rows
            for profile, cells in zip(profiles, batch.columns, strict=True):
                profile.add(cells)
    if rows == 0:
        raise unreadable("has a header but no rows below it: add rows.")
    return Contents(
        format=DatasetFormat.CSV,
        sha256=text.sha256,
        size_bytes=text.size_bytes,
        rows=rows,
        columns=tuple(Column(name=each.name, type=each.type(), missing=each.missing) for each in profiles),
    )


def read_csv(path: Path, columns: Sequence[Column]) -> pa.Table:
    """Return the columns' values.

    Raises:
        UnreadableDataset: The file is not the one that was inspected.
        pyarrow.ArrowInvalid: The same: a cell is not of its column's type.
    """
    names = [column.name for column in columns]
    schema = pa.schema([(column.name, VALUE_TYPES[column.type]) for column in columns])
    with path.open("rb") as file:
        text = _text(file)
        return pa.Table.from_batches(
            [
                pa.record_batch(
                    [to_values(cells, column.type) for cells, column in zip(batch.columns, columns, strict=True)],
                    schema=schema,
                )
                for batch in _batches(path, text, names=_header(path, text), columns=names, use_threads=True)
            ],
            schema=schema,
        )


def read_csv_cells(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield all rows in batches of about a MiB, every cell as text, null where missing.

    Raises:
        UnreadableDataset: The file is not the one that was inspected.
    """
    with path.open("rb") as file:
        text = _text(file)
        names = _header(path, text)
        yield from _batches(path, text, names=names, columns=names, use_threads=False)


def _text(file: io.BufferedReader) -> TextBytes:
    # Nobody can write the row before it is drawn, so no row of the file is taken for it.
    return TextBytes(file, head_bytes=BLOCK_BYTES, last_row=_LAST_ROW_COMMAS + secrets.token_hex(16))


def _header(path: Path, text: TextBytes) -> list[str]:
    rows = csv.reader(io.StringIO(text.head, newline=""))
    try:
        names = next((row for row in rows if row), None)
    except csv.Error:
        message = "has a header that cannot be read: a name is too long, or a quote is not closed."
        raise (_open_quote(path) or unreadable(message)) from None
    if names is None:
        raise unreadable("is empty: the first line must name the columns.")
    if any("\n" in name for name in names) and (open_quote := _open_quote(path)):
        raise open_quote
    if len(names) == 1 and (separator := next((each for each in ";\t|" if each in names[0]), None)):
        raise unreadable(f"seems to separate cells with {separator!r}: separate them with commas.")
    require_names(names)
    return names


def _batches(
    path: Path, text: TextBytes, *, names: Sequence[str], columns: Sequence[str], use_threads: bool
) -> Iterator[pa.RecordBatch]:
    """Yield the cells of the columns as text, null where missing; every row of the file is checked."""
    ragged: list[pa_csv.InvalidRow] = []
    is_complete = False

    def on_invalid(row: pa_csv.InvalidRow) -> str:
        nonlocal is_complete
        if row.text == text.last_row:
            is_complete = True
            return "skip"
        ragged.append(row)
        return "error"

    rows = 0
    freed = FreedMemory()
    try:
        with pa_csv.open_csv(
            text,
            read_options=pa_csv.ReadOptions(use_threads=use_threads, block_size=BLOCK_BYTES),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=on_invalid),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=list(columns),
                null_values=MISSING,
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                # Kept once for each column, needed for none: in wide tables they weigh more than the cells.
                true_values=[],
                false_values=[],
                check_utf8=False,
            ),
        ) as reader:
            for batch in reader:
                rows += batch.num_rows
                yield batch
                freed.add(batch.nbytes)
    except pa.ArrowInvalid:
        problem = _ragged(path, ragged[0]) if ragged else _too_long(rows)
        is_cut_short = not ragged or ragged[0].text.endswith(text.last_row)
        raise ((is_cut_short and _open_quote(path)) or problem) from None
    except pa.ArrowKeyError:
        raise unreadable("has a header that cannot be read: write its names without quotes.") from None
    if not is_complete:
        message = 'ends inside a quoted cell: close the quote (") that is open, or double it inside a cell.'
        raise _open_quote(path) or unreadable(message)


def _ragged(path: Path, row: pa_csv.InvalidRow) -> UnreadableDataset:
    line = _line_of(path, row)
    where = f"line {line:,}" if line is not None else f"row {row.number} (the header is row 1)"
    cells = "1 cell" if row.actual_columns == 1 else f"{row.actual_columns:,} cells"
    return unreadable(
        f"has {cells} in {where}, where the header names {row.expected_columns:,} columns: "
        "add or remove cells there, and quote a cell that has a comma in it."
    )


def _too_long(rows: int) -> UnreadableDataset:
    return unreadable(
        f"has more than {BLOCK_BYTES // 1024:,} KiB in one row (row {rows + 1:,} of the data, or the header): "
        'close the quote (") that is open there, or shorten the row.'
    )


def _open_quote(path: Path) -> UnreadableDataset | None:
    line = line_of_open_quote(path)
    if line is None:
        return None
    return unreadable(
        f'has a quote (") that is opened in line {line:,} and never closed: '
        "close it, or write the cell without it."
    )


def _line_of(path: Path, row: pa_csv.InvalidRow) -> int | None:
    """Return the line that the row begins in: the parser counts neither empty lines nor those inside cells."""
    wanted = row.text.split("\n", 1)[0].rstrip("\r").encode()
    with path.open("rb") as file:
        line = 1
        while content := file.readline(2 * BLOCK_BYTES):
            if content.rstrip(b"\r\n") == wanted and line >= (row.number or 0):
                return line
            line += content.endswith(b"\n")
    return None
