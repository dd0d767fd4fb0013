"""What is read from CSV, and what is refused with which words."""

import csv
import gzip
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.datasets.errors import UnreadableDataset
from domain.datasets.values import COLUMNS_MAX, SCHEMA_MAX_BYTES, Column, ColumnType, names_max_bytes
from infrastructure.datasets import csv_files
from infrastructure.datasets.cells import MISSING
from infrastructure.datasets.csv_files import BLOCK_BYTES, inspect_csv
from infrastructure.datasets.tables import read_table
from tests.support.tables import MISSING_SPELLINGS, contents_by_hand, values_by_hand, write_csv

NUMERIC, CATEGORICAL, BOOLEAN, DATETIME = (
    ColumnType.NUMERIC,
    ColumnType.CATEGORICAL,
    ColumnType.BOOLEAN,
    ColumnType.DATETIME,
)

# Python's writer leaves a lone CR unquoted, and with it ends the line for every reader.
_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8)
_numbers = st.one_of(
    st.integers(-(2**53) + 1, 2**53 - 1).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["+1", "1.", ".5", "-0", " 7", "8\t", "1e-400", "-.5E+3", "0.", "0e0", "1e30"]),
)
_codes = st.one_of(
    st.from_regex(r"\A[ +-]?0[0-9]{1,3}(\.[0-9])?\Z"),
    st.integers(min_value=2**53).map(str),
    st.integers(max_value=-(2**53)).map(str),
    st.sampled_from(["007", "-01", "00.5", "9007199254740993", "12345678901234567890123"]),
)
_booleans = st.sampled_from(["true", "false", "True", "FALSE", " true"])
_instants = st.one_of(
    st.dates(date(1000, 1, 1)).map(str),
    st.datetimes(datetime(1001, 1, 1), datetime(9998, 1, 1)).map(str),
    st.datetimes(
        datetime(1001, 1, 1),
        datetime(9998, 1, 1),
        timezones=st.sampled_from([UTC, timezone(-timedelta(hours=3.5))]),
    ).map(datetime.isoformat),
    st.sampled_from(
        [" 2024-02-29\t", "2024-01-31T23:59Z", "2024-01-31 10:00:00.1234567+0130", "2024-01-31T10:00+02"]
    ),
)
_odd = st.sampled_from(
    ["NAN ", "nAn", "-nan", "nan(1)", "0x10", "1_000", "1,5", "٣", "infinit", "yes", "1e", ".", "é"]
)
_missing = st.sampled_from([*sorted(MISSING_SPELLINGS), " ", "\t", " NA "])


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    names = draw(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6).filter(str.strip),
            min_size=2,
            max_size=5,
            unique=True,
        ).filter(lambda names: not names[0].startswith("\ufeff"))
    )
    rows = draw(st.integers(1, 12))
    kinds = [
        draw(st.sampled_from([_numbers, _booleans, _numbers | _missing, _booleans | _missing, _missing,
                              _texts, _texts | _missing, _numbers | _codes, _codes | _missing,
                              _instants, _instants | _missing, _instants | _numbers, _instants | _odd,
                              _numbers | _odd, _booleans | _odd | _numbers]))
        for _ in names
    ]  # fmt: skip
    columns = [draw(st.lists(kind.filter(_is_finite_or_text), min_size=rows, max_size=rows)) for kind in kinds]
    return names, [list(row) for row in zip(*columns, strict=True)]


def _is_finite_or_text(cell: str) -> bool:
    return cell.strip(" \t").lower().lstrip("+-") not in {"inf", "infinity"}


def write(tmp_path: Path, content: bytes | str) -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def schema(path: Path) -> list[tuple[str, ColumnType, int]]:
    return [(each.name, each.type, each.missing) for each in inspect_csv(path).columns]


@given(
    table=tables(),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_a_table_is_read_as_plain_python_reads_it(
    tmp_path_factory: pytest.TempPathFactory,
    table: tuple[list[str], list[list[str]]],
    quoting: Any,
    line_end: str,
) -> None:
    header, rows = table
    path = write_csv(
        tmp_path_factory.mktemp("csv") / "table.csv", header, rows, quoting=quoting, lineterminator=line_end
    )

    contents = inspect_csv(path)
    assert contents == contents_by_hand(path, header, rows)

    backwards = header[::-1]
    values = read_table(path, contents=contents, columns=backwards)
    assert values.column_names == backwards
    for index, name in enumerate(header):
        assert values.column(name).to_pylist() == values_by_hand([row[index] for row in rows])


def test_the_documented_missing_spellings_are_the_ones_read() -> None:
    assert set(MISSING) == MISSING_SPELLINGS


def test_the_last_cell_of_a_long_column_decides_its_type_too(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n" + "1,true\n" * 500_000 + "x,1\n")

    assert path.stat().st_size > 3 * BLOCK_BYTES
    assert schema(path) == [("a", CATEGORICAL, 0), ("b", CATEGORICAL, 0)]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "0"], NUMERIC),
        (["true", "FALSE", ""], BOOLEAN),
        (["true", "1"], CATEGORICAL),
        (["", "NA"], NUMERIC),
        (["2024-01-31", "", " 2024-02-29"], DATETIME),
        (["2024-01-31T10:00", "2024-01-31 10:00:00.123456789Z", "1999-12-31T23:59:59-0330"], DATETIME),
        (["2024-01-31", "2024-02-30"], CATEGORICAL),
        (["2023-02-29"], CATEGORICAL),
        (["2024-01-31T24:00"], CATEGORICAL),
        (["2024-01-31T10"], CATEGORICAL),
        (["2024-1-31"], CATEGORICAL),
        (["31.01.2024"], CATEGORICAL),
        (["2024-01"], CATEGORICAL),
        (["0999-01-01"], CATEGORICAL),
        (["2024-01-31", "1"], CATEGORICAL),
        (["2024-01-31", "true"], CATEGORICAL),
        (["20240131"], NUMERIC),
        (["inf", "x"], CATEGORICAL),
        (["1e400", "x"], CATEGORICAL),
        (["inf", "true"], CATEGORICAL),
        (["nAn", "1"], CATEGORICAL),
        (["0", "0.5", "-0.1", ".05", "-.05", "0e1"], NUMERIC),
        (["1", "007"], CATEGORICAL),
        (["", "00"], CATEGORICAL),
        (["-01"], CATEGORICAL),
        (["+01"], CATEGORICAL),
        (["00.5"], CATEGORICAL),
        (["  01\t"], CATEGORICAL),
        (["9007199254740991", "-9007199254740991"], NUMERIC),
        (["9007199254740992"], CATEGORICAL),
        (["1", "-9007199254740993"], CATEGORICAL),
        (["9007199254740993.0", "1e20"], NUMERIC),
        (["9" * 400], CATEGORICAL),
    ],
)
def test_a_column_has_the_type_that_fits_every_cell(
    tmp_path: Path, cells: list[str], expected: ColumnType
) -> None:
    path = write_csv(tmp_path / "table.csv", ["a", "b"], [[cell, "1"] for cell in cells])

    assert inspect_csv(path).columns[0].type is expected


def test_instants_are_read_in_utc_and_dates_as_their_first_moment(tmp_path: Path) -> None:
    cells = ["2024-01-31", "2024-01-31 10:00", "2024-01-31T10:00:00+02:00", "2024-01-31T10:00:00.1234567Z", "NA"]
    path = write_csv(tmp_path / "table.csv", ["a", "b"], [[cell, "1"] for cell in cells])

    column = read_table(path, contents=inspect_csv(path), columns=["a"]).column("a")

    assert str(column.type) == "timestamp[us, tz=UTC]"
    assert [None if each is None else each.isoformat() for each in column.to_pylist()] == [
        "2024-01-31T00:00:00+00:00",
        "2024-01-31T10:00:00+00:00",
        "2024-01-31T08:00:00+00:00",
        "2024-01-31T10:00:00.123456+00:00",
        None,
    ]


def test_dates_of_a_dataset_that_was_registered_as_text_stay_text(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "table.csv", ["a", "b"], [["2024-01-31", "1"], ["2024-02-01", "2"]])
    contents = inspect_csv(path)
    day = contents.columns[0].model_copy(update={"type": CATEGORICAL})
    before = contents.model_copy(update={"columns": (day, contents.columns[1])})

    values = read_table(path, contents=before, columns=["a"]).column("a").to_pylist()

    assert values == ["2024-01-31", "2024-02-01"]


def test_labels_and_zip_codes_come_back_as_they_were_written(tmp_path: Path) -> None:
    rows = [["007", "9007199254740993", "1"], ["00123", "9007199254740995", "0"], ["7", "", "0.5"]]
    path = write_csv(tmp_path / "table.csv", ["zip", "id", "n"], rows)

    table = read_table(path, contents=inspect_csv(path), columns=["zip", "id", "n"])

    assert table.column("zip").to_pylist() == ["007", "00123", "7"]
    assert table.column("id").to_pylist() == ["9007199254740993", "9007199254740995", None]
    assert table.column("n").to_pylist() == [1.0, 0.0, 0.5]


def test_a_code_at_the_end_of_a_long_column_makes_all_of_it_text(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n" + "1,2\n" * 500_000 + "01,9007199254740993\n")
    contents = inspect_csv(path)

    assert schema(path) == [("a", CATEGORICAL, 0), ("b", CATEGORICAL, 0)]
    assert read_table(path, contents=contents, columns=["a"]).column("a").slice(499_999).to_pylist() == ["1", "01"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfa,b\n1,x\n2,y\n",
        b"a,b\r\n1,x\r\n2,y\r\n",
        b"a,b\n1,x\n2,y",
        b"\n\na,b\n\n1,x\n\n2,y\n\n\n",
        b'"a","b"\n"1","x"\n"2","y"\n',
        b"a,b\r1,x\r2,y\r",
    ],
    ids=["byte order mark", "CRLF", "no last line end", "empty lines", "quotes", "CR"],
)
def test_spellings_of_a_file_that_mean_the_same_table(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path, content)
    contents = inspect_csv(path)

    assert contents.columns == (
        Column(name="a", type=NUMERIC, missing=0),
        Column(name="b", type=CATEGORICAL, missing=0),
    )
    assert read_table(path, contents=contents, columns=["b", "a"]).to_pydict() == {"b": ["x", "y"], "a": [1, 2]}


def test_cells_hold_commas_quotes_and_line_breaks_when_quoted(tmp_path: Path) -> None:
    cells = ['x,"y"\r\nz', ' 5" pipe', "=1+1", "\n"]
    path = write_csv(tmp_path / "table.csv", ["a", "b"], [[cell, "1"] for cell in cells])

    table = read_table(path, contents=inspect_csv(path), columns=["a"])

    assert table.column("a").to_pylist() == cells


def test_a_single_column_with_quoted_empty_cells_keeps_its_rows(tmp_path: Path) -> None:
    path = write(tmp_path, 'a\n1\n""\n3\n')

    assert inspect_csv(path).rows == 3
    assert schema(path) == [("a", NUMERIC, 1)]


REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "blank lines": (b"\n\r\n", "is empty"),
    "header only": (b"a,b\n", "no rows"),
    "header without line end": (b"a,b", "no rows"),
    "header and empty lines": (b"a,b\n\n\n", "no rows"),
    "Latin-1": (b"a,b\n1,x\n2,Z\xfcrich\n", r"not UTF-8 at byte 11, in line 3"),
    "cut inside a character": (b"a,b\n1,\xc3", r"not UTF-8 at byte 6, in line 2"),
    "surrogate": (b"a,b\n1,\xed\xa0\x80\n", r"not UTF-8 at byte 6, in line 2"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "UTF-16 text: save it as UTF-8"),
    "NUL": (b"a,b\n1,2\n3,\0\n", r"NUL byte at byte 10, in line 3"),
    "NUL after other letters": ("a,b\nü,\0\n".encode(), r"NUL byte at byte 7, in line 2"),
    "too many cells": (b"a,b\n1,2\n1,2,3\n", "3 cells in line 3, where the header names 2"),
    "too few cells": (b"a,b,c\n1,2\n", "2 cells in line 2, where the header names 3"),
    "ragged after a line break in a cell": (b'a,b\n\n"x\ny",2\n7\n', "1 cell in line 5"),
    "ragged behind lone CRs": (b"a,b\r1,2\r7\r", r"1 cell in row 3 \(the header is row 1\)"),
    "duplicate names": (b"a,b,a\n1,2,3\n", "columns 1 and 3 both 'a'"),
    "empty name": (b"a,,c\n1,2,3\n", "no name for column 2"),
    "blank name": (b"a, \n1,2\n", "no name for column 2"),
    "line break in a name": (b'a,"b\nc"\n1,2\n', r"column 2 'b\\nc', with a control character"),
    "open quote": (b'a,b\n1,"2\n3,4\n', "opened in line 2 and never closed"),
    "open quote at a row's beginning": (b'a,b\n1,2\n"x,2\n3,4\n', "opened in line 3 and never closed"),
    "open quote at the end": (b'a,b\n1,"', "opened in line 2 and never closed"),
    "open quote behind closed ones": (b'a,b\n"1\n""",5" wide\n1,"2""\n', "opened in line 4 and never closed"),
    "open quote in the header": (b'a,"b\n1,2\n', "opened in line 1 and never closed"),
    "open quote in a long header": (
        b'\xef\xbb\xbf"a,b\n' + b"1,2\n" * BLOCK_BYTES,
        "opened in line 1 and never closed",
    ),
    "open quote in a header of one name": (b'"a;b\n1,2\n', "opened in line 1 and never closed"),
    "ragged row before an open quote": (b'a,b\n1\n2,"\n', "1 cell in line 2"),
    "a row like the one that ends every file": (
        b"a,b\n1,2\n" + b"," * COLUMNS_MAX + b"end of file\n3,4\n",
        "4,001 cells in line 3",
    ),
    "names of one normal form": ("\u00e9,e\u0301\n1,2\n".encode(), "columns 1 and 2 both 'é'"),
    "infinity": (b"a,b\n1,2\n,2\n-Inf,3\n", "infinite .* column 'a', row 3 "),
    "beyond a float": (b"a,b\n1,2\n2,1e400\n", "beyond .* column 'b', row 2 "),
    "semicolons": (b"a;b\n1;2\n", "separate cells with ';'"),
    "tabs": (b"a\tb\n1\t2\n", r"separate cells with '\\t'"),
    "gzip": (gzip.compress(b"a,b\n1,2\n"), "compressed with gzip"),
    "ZIP": (b"PK\x03\x04\x14\0\0\0", "ZIP archive or an Excel workbook"),
    "Parquet": (b"PAR1\x15\x04\0", "Parquet file: send it as Parquet"),
    "too many columns": (b",".join(b"%d" % n for n in range(COLUMNS_MAX + 1)) + b"\n", "4,001 columns"),
    "nothing but commas": (b"," * 3 * BLOCK_BYTES, "columns, at most 4,000 are read"),
    "long names": (
        b",".join(b"%d".ljust(SCHEMA_MAX_BYTES // 1_000, b"b") % n for n in range(1_000)) + b"\n",
        r"1,000 columns with names of 26\d,\d{3} bytes together, names of so many may take 20\d,\d{3}",
    ),
    "one very long name": (b"a" * 200_000 + b"\n1\n", "header that cannot be read"),
    "one endless line": (b"a" * 3 * BLOCK_BYTES, "header that cannot be read"),
    "a cell longer than a block": (b"a,b\n1,2\n3," + b"x" * 3 * BLOCK_BYTES, r"1,024 KiB in one row \(row 2 of"),
    "a quote open over many blocks": (
        b'a,b\n1,2\n3,"' + b"4,5\n" * BLOCK_BYTES,
        "opened in line 3 and never closed",
    ),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_table_is_refused_with_what_and_where(tmp_path: Path, content: bytes, message: str) -> None:
    path = write(tmp_path, content)

    with pytest.raises(UnreadableDataset, match=message) as refused:
        inspect_csv(path)

    assert refused.value.code == "dataset.unreadable"
    assert [problem.field for problem in refused.value.problems] == ["file"]
    assert str(tmp_path) not in refused.value.message


def test_encoding_is_checked_behind_the_first_block_too(tmp_path: Path) -> None:
    line = "äöüß,1\n".encode()
    count = 2 * BLOCK_BYTES // len(line)
    path = write(tmp_path, b"a,b\n" + line * count)
    assert inspect_csv(path).rows == count

    broken = write(tmp_path, b"a,b\n" + line * count + b"x,\xfc\n")
    with pytest.raises(UnreadableDataset, match=f"in line {count + 2:,}:"):
        inspect_csv(broken)


def test_a_ragged_row_behind_the_first_block_is_found_by_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, b"a,b\n" + b'"1\n1",2\n' * BLOCK_BYTES + b"1\n" + b"1,2\n" * 9)

    with pytest.raises(UnreadableDataset, match=f"1 cell in line {2 * BLOCK_BYTES + 2:,},"):
        inspect_csv(path)


def test_the_widest_table_is_read(tmp_path: Path) -> None:
    row = ",".join(["1"] * COLUMNS_MAX)
    length = names_max_bytes(COLUMNS_MAX) // COLUMNS_MAX
    names = [f"c{n}".ljust(length, "x") for n in range(COLUMNS_MAX)]
    path = write(tmp_path, ",".join(names) + f"\n{row}\n{row}\n")

    contents = inspect_csv(path)

    assert (contents.rows, [each.name for each in contents.columns]) == (2, names)


@given(content=st.binary(max_size=200) | st.text('a1",\r\n ;é', max_size=60).map(str.encode))
def test_any_bytes_are_a_table_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = write(tmp_path_factory.mktemp("csv"), content)
    try:
        contents = inspect_csv(path)
    except UnreadableDataset:
        return
    table = read_table(path, contents=contents, columns=[column.name for column in contents.columns])
    assert table.num_rows == contents.rows
    assert [table.column(each.name).null_count for each in contents.columns] == [
        each.missing for each in contents.columns
    ]


def test_blocks_are_small_since_many_are_read_ahead() -> None:
    assert csv_files.BLOCK_BYTES <= 1024 * 1024
