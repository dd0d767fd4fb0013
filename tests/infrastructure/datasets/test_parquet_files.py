"""What is read from Parquet, and what is refused with which words."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.datasets.errors import UnreadableDataset
from domain.datasets.values import COLUMNS_MAX, ColumnType
from infrastructure.datasets.parquet_files import inspect_parquet
from infrastructure.datasets.tables import read_table
from tests.support.tables import is_missing_value

NUMERIC, CATEGORICAL, BOOLEAN, DATETIME, OTHER = ColumnType

_names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6).filter(str.strip)
_KINDS: dict[ColumnType, list[tuple[pa.DataType, st.SearchStrategy[Any]]]] = {
    NUMERIC: [
        (pa.int8(), st.integers(-128, 127)),
        (pa.int64(), st.integers(-(2**53) + 1, 2**53 - 1)),
        (pa.uint64(), st.integers(0, 2**53 - 1)),
        (pa.float32(), st.floats(width=32, allow_infinity=False)),
        (pa.float64(), st.floats(allow_infinity=False)),
        (pa.decimal128(20, 3), st.decimals(-(10**16), 10**16, places=3)),
        (pa.null(), st.none()),
    ],
    BOOLEAN: [(pa.bool_(), st.booleans())],
    CATEGORICAL: [
        (pa.string(), st.text(max_size=8)),
        (pa.large_string(), st.sampled_from(["", "NA", "a", "é"])),
        (pa.dictionary(pa.int32(), pa.string()), st.sampled_from(["", "nan", "b"])),
    ],
    DATETIME: [
        (pa.date32(), st.dates()),
        (pa.date64(), st.dates()),
        (pa.timestamp("us"), st.datetimes()),
        (
            pa.timestamp("s", tz="UTC"),
            st.datetimes(timezones=st.just(UTC)).map(lambda each: each.replace(microsecond=0)),
        ),
        (
            pa.timestamp("ns", tz="Europe/Zurich"),
            st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
        ),
    ],
    OTHER: [
        (pa.time32("s"), st.times().map(lambda each: each.replace(microsecond=0))),
        (pa.binary(), st.binary(max_size=4)),
        (pa.list_(pa.int32()), st.lists(st.integers(0, 9), max_size=3)),
        (pa.struct([("a", pa.int32()), ("b", pa.list_(pa.string()))]), st.just({"a": 1, "b": ["x", None]})),
    ],
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[pa.Table, list[ColumnType]]:
    names = draw(st.lists(_names | st.sampled_from(["x", "x.y", "x.a"]), min_size=1, max_size=5, unique=True))
    rows = draw(st.integers(1, 12))
    types, columns = [], []
    for _ in names:
        column_type = draw(st.sampled_from(list(ColumnType)))
        arrow_type, values = draw(st.sampled_from(_KINDS[column_type]))
        types.append(column_type)
        columns.append(pa.array(draw(st.lists(values | st.none(), min_size=rows, max_size=rows)), arrow_type))
    return pa.table(columns, names=names), types


def write(path: Path, columns: Any, **options: Any) -> Path:
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path, **options)
    return path


@given(table_and_types=tables(), row_group_size=st.integers(1, 12), use_dictionary=st.booleans())
def test_a_table_is_read_as_plain_python_reads_it(
    tmp_path_factory: pytest.TempPathFactory,
    table_and_types: tuple[pa.Table, list[ColumnType]],
    row_group_size: int,
    use_dictionary: bool,
) -> None:
    table, types = table_and_types
    path = tmp_path_factory.mktemp("parquet") / "table.parquet"
    write(path, table, row_group_size=row_group_size, use_dictionary=use_dictionary)

    contents = inspect_parquet(path)
    assert contents.rows == table.num_rows
    assert [column.name for column in contents.columns] == table.column_names
    assert [column.type for column in contents.columns] == types

    missing = [sum(map(is_missing_value, column.to_pylist())) for column in table.columns]
    assert [column.missing for column in contents.columns] == missing

    learnable = [column.name for column in contents.columns if column.type is not OTHER][::-1]
    if learnable:
        values = read_table(path, contents=contents, columns=learnable)
        assert values.column_names == learnable
        for name in learnable:
            expected = table.column(name).to_pylist()
            is_number = contents.columns[table.column_names.index(name)].type is NUMERIC
            assert values.column(name).to_pylist() == [
                None if is_missing_value(each) else float(each) if is_number else as_instant(each)
                for each in expected
            ]


def as_instant(value: Any) -> Any:
    """Return a date or timestamp as the instant in UTC that it is read as; anything else as it is."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if isinstance(value, date) else value


def test_text_is_never_taken_for_a_number_or_for_missing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"a": ["1", "NA", "", None]})

    contents = inspect_parquet(path)

    assert [(each.type, each.missing) for each in contents.columns] == [(CATEGORICAL, 1)]
    assert read_table(path, contents=contents, columns=["a"]).column("a").to_pylist() == ["1", "NA", "", None]


def test_many_row_groups_and_batches_keep_their_order(tmp_path: Path) -> None:
    numbers = [float(each) if each % 7 else math.nan for each in range(200_000)]
    texts = [f"text {each % 50_000}" for each in range(200_000)]
    path = write(tmp_path / "a.parquet", {"n": numbers, "t": texts}, row_group_size=90_000)

    contents = inspect_parquet(path)
    table = read_table(path, contents=contents, columns=["t", "n"])

    assert [each.missing for each in contents.columns] == [28_572, 0]
    assert table.column("t").to_pylist() == texts
    assert table.column("n").to_pylist() == [None if math.isnan(each) else each for each in numbers]


@pytest.mark.parametrize(
    "text", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_every_kind_of_text_is_categorical(tmp_path: Path, text: pa.DataType) -> None:
    path = write(tmp_path / "a.parquet", {"a": pa.array(["x", None], pa.string()).cast(text)})

    contents = inspect_parquet(path)

    assert [(each.type, each.missing) for each in contents.columns] == [(CATEGORICAL, 1)]
    assert read_table(path, contents=contents, columns=["a"]).schema.field("a").type == pa.string()


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, 2]).dictionary_encode(),
        pa.array([1, 2], pa.float16()),
        pa.array([Decimal(1), Decimal(2)], pa.decimal256(60, 0)),
    ],
    ids=["dictionary", "half", "decimal256"],
)
def test_every_kind_of_number_becomes_a_float(tmp_path: Path, values: pa.Array) -> None:
    path = write(tmp_path / "a.parquet", {"a": values})

    table = read_table(path, contents=inspect_parquet(path), columns=["a"])

    assert table.column("a").to_pylist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, 2**53, None]),
        pa.array([1, -(2**53) - 1, None]),
        pa.array([1, 2**64 - 1, None], pa.uint64()),
        pa.array([1, 2**53 + 1, None]).dictionary_encode(),
        pa.array([Decimal(1), Decimal(10**20 + 1), None], pa.decimal128(21, 0)),
    ],
    ids=["beyond", "below", "unsigned", "dictionary", "decimal"],
)
def test_integers_that_a_float_cannot_tell_apart_are_text(tmp_path: Path, values: pa.Array) -> None:
    path = write(tmp_path / "a.parquet", {"a": values}, row_group_size=1)
    contents = inspect_parquet(path)

    assert [(each.type, each.missing) for each in contents.columns] == [(CATEGORICAL, 1)]
    assert read_table(path, contents=contents, columns=["a"]).column("a").to_pylist() == [
        None if each is None else str(each) for each in values.to_pylist()
    ]


def test_integers_up_to_the_last_exact_one_are_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"a": [2**53 - 1, 1 - 2**53], "f": [1e300, -1.0]})

    assert [each.type for each in inspect_parquet(path).columns] == [NUMERIC, NUMERIC]


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
def test_every_usual_compression_is_read(tmp_path: Path, compression: str) -> None:
    path = write(tmp_path / "a.parquet", {"a": [1.5] * 1_000}, compression=compression)

    assert inspect_parquet(path).rows == 1_000


def test_a_name_with_a_dot_is_not_taken_for_a_nested_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"a": [{"b": "x"}, None], "a.b": ["1", None], "a.c": [1, 2]})

    contents = inspect_parquet(path)

    assert [(each.type, each.missing) for each in contents.columns] == [(OTHER, 1), (CATEGORICAL, 1), (NUMERIC, 0)]
    table = read_table(path, contents=contents, columns=["a.c", "a.b"])
    assert table.to_pydict() == {"a.c": [1, 2], "a.b": ["1", None]}


def test_a_column_of_nested_values_is_kept_and_not_learned_from(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"tags": [["a"], None], "n": [1, 2]})
    contents = inspect_parquet(path)

    assert contents.columns[0].type is OTHER
    with pytest.raises(ValueError, match="tags"):
        read_table(path, contents=contents, columns=["n", "tags"])


def test_instants_beyond_what_can_be_counted_are_kept_and_not_learned_from(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"at": pa.array([0, 2**60], pa.timestamp("ms"))})

    assert [each.type for each in inspect_parquet(path).columns] == [OTHER]


@pytest.fixture
def sound(tmp_path: Path) -> bytes:
    columns = {"n": [float(each) for each in range(5_000)], "t": [f"text {each}" for each in range(5_000)]}
    return write(tmp_path / "sound.parquet", columns, row_group_size=2_000, compression="none").read_bytes()


DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "nothing in it": (lambda _: b"", "is empty"),
    "text": (lambda _: b"a,b\n1,2\n", "is not Parquet"),
    "only the first letters": (lambda _: b"PAR1", "cut off"),
    "only both ends": (lambda _: b"PAR1PAR1", "cut off|footer"),
    "ends with no footer": (lambda _: b"PAR1\0\0\0\0PAR1", "footer that is damaged"),
    "encrypted": (lambda sound: b"PARE" + sound[4:-4] + b"PARE", "encrypted"),
    "half of it": (lambda sound: sound[: len(sound) // 2], "cut off"),
    "without its last byte": (lambda sound: sound[:-1], "cut off"),
    "footer of noise": (
        lambda sound: sound[:-2_000] + bytes(range(200)) * 10 + sound[-8:],
        "footer that is damaged",
    ),
    "footer longer than the file": (lambda sound: sound[:-8] + b"\xff\xff\xff\0PAR1", "footer that is damaged"),
    "zeros for its first page": (
        lambda sound: sound[:4] + bytes(1_000) + sound[1_004:],
        "column 'n', row group 0",
    ),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE.keys())
def test_what_is_no_sound_parquet_is_refused(
    tmp_path: Path, sound: bytes, damage: Callable[[bytes], bytes], message: str
) -> None:
    path = tmp_path / "damaged.parquet"
    path.write_bytes(damage(sound))

    with pytest.raises(UnreadableDataset, match=message) as refused:
        inspect_parquet(path)

    assert [problem.field for problem in refused.value.problems] == ["file"]
    assert str(tmp_path) not in refused.value.message


def test_a_table_without_rows_or_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDataset, match="no rows"):
        inspect_parquet(write(tmp_path / "a.parquet", {"a": pa.array([], pa.int64())}))
    with pytest.raises(UnreadableDataset, match="no columns"):
        inspect_parquet(write(tmp_path / "b.parquet", {}))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "a"], "columns 1 and 2 both 'a'"),
        (["a", " "], "no name for column 2"),
        (["a", "b\nc"], "column 2 .* control character"),
        ([f"c{each}" for each in range(COLUMNS_MAX + 1)], "4,001 columns, at most 4,000"),
    ],
)
def test_names_that_tell_no_columns_apart_are_refused(tmp_path: Path, names: list[str], message: str) -> None:
    path = write(tmp_path / "a.parquet", pa.table([[1]] * len(names), names=names))

    with pytest.raises(UnreadableDataset, match=message):
        inspect_parquet(path)


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_an_infinite_number_is_refused_with_its_place(tmp_path: Path, value: float) -> None:
    numbers = [0.0] * 100_000 + [value]
    path = write(tmp_path / "a.parquet", {"a": [None] * 100_001, "b": numbers}, row_group_size=30_000)

    with pytest.raises(UnreadableDataset, match=r"infinite .* column 'b', row 100001 "):
        inspect_parquet(path)


def test_text_that_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    text = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff"]).buffers())

    with pytest.raises(UnreadableDataset, match="column 'a', row group 0"):
        inspect_parquet(write(tmp_path / "a.parquet", {"a": text}))
