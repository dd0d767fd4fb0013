"""Arrow streams get the numbers that JSON gets, and hostile ones are refused before they cost much."""

import random
import struct
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.inference.loaded import Loaded
from application.inference.routes import Served
from domain.errors import InvalidInput
from domain.inference.errors import NonConformingInstance
from domain.inference.values import FeatureType
from interfaces.inference import arrow_messages, row_streams
from interfaces.inference.answers import results
from interfaces.inference.arrow import BATCH_MAX_ROWS, ArrowRows
from interfaces.inference.arrow_messages import BATCH_MAX_BYTES, METADATA_MAX_BYTES
from interfaces.inference.asked import parse_body
from interfaces.inference.explained import parse_explain
from interfaces.inference.instances import InstanceDecoder
from interfaces.inference.predicting import answered as answered_at_once
from interfaces.inference.row_streams import CHUNK_ROWS
from interfaces.requests.problems import NotArrow
from tests.interfaces.inference.streaming import a_served_example, answered, arrow_schema, arrow_stream
from tests.support.data import OF_EVERY_TYPE
from tests.support.fakes.predictors import FakePredictor

FAKE = Served(model_id="m", version="1.0.0", loaded=Loaded("artifact:fake", FakePredictor()))
AGES, CITIES = pa.array([40.0, 7.5, None]), pa.array(["Basel", None, "Rome"])
BATCH = pa.record_batch({"age": AGES, "city": CITIES})
STREAM = arrow_stream(BATCH)
INSTANTS = st.none() | st.datetimes(timezones=st.just(UTC) | st.none()).map(datetime.isoformat)
TEXTS = st.none() | st.lists(st.sampled_from(["great", "Awful", "soup", "\x00", "…"])).map(" ".join)
VALUES: dict[FeatureType, st.SearchStrategy[Any]] = {
    FeatureType.NUMERIC: st.none() | st.floats(allow_nan=False, allow_infinity=False),
    FeatureType.CATEGORICAL: st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    FeatureType.BOOLEAN: st.sampled_from([None, True, False]),
    FeatureType.TEXT: TEXTS,
    FeatureType.DATETIME: INSTANTS,
}


def ask(body: bytes, served: Served = FAKE, *, explain: str = "false", piece_bytes: int = 1_000) -> pa.Table:
    answer = answered(ArrowRows(served, explain=parse_explain(explain)), body, piece_bytes=piece_bytes)
    return pa.ipc.open_stream(answer).read_all()


def asked_as_json(served: Served, instances: list[Any], *, explain: str) -> Any:
    asked = parse_body(orjson.dumps({"model_id": "m", "features": instances}))
    predictor = served.loaded.predictor
    rows = InstanceDecoder(predictor.schema).rows(asked)
    return orjson.loads(results(served, answered_at_once(predictor, rows, explain=parse_explain(explain))))


def problems(body: bytes) -> list[tuple[str, str]]:
    with pytest.raises(NonConformingInstance) as found:
        ask(body)
    return [(each.field, each.message) for each in found.value.problems]


@pytest.mark.parametrize("name", OF_EVERY_TYPE)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_any_rows_get_the_answers_of_json_bit_for_bit(name: str, data: st.DataObject) -> None:
    """Nulls, unseen categories and numbers of any size among them; columns and batches in any order and number."""
    served = a_served_example(name)
    known, features = OF_EVERY_TYPE[name]().instances(), served.loaded.predictor.schema.features
    change = st.sampled_from(features).flatmap(lambda each: st.tuples(st.just(each.name), VALUES[each.type]))
    changed = st.tuples(st.sampled_from(known), st.lists(change, max_size=6).map(dict))
    instances = data.draw(st.lists(changed.map(lambda each: each[0] | each[1]), min_size=1, max_size=6))
    explain = data.draw(st.sampled_from(["true", "false", "probability > 0.6 OR prediction > 1"]))
    ordered = arrow_schema(data.draw(st.permutations(features)))
    table = pa.Table.from_pylist(instances, schema=ordered)
    if data.draw(st.booleans()):
        text = [place for place, field in enumerate(ordered) if field.type == pa.string()]
        for place in text:
            table = table.set_column(place, ordered.names[place], table.column(place).dictionary_encode())
    body = arrow_stream(*table.to_batches(max_chunksize=data.draw(st.integers(1, 6))))
    found = ask(body, served, explain=explain, piece_bytes=data.draw(st.integers(50, 5_000)))
    expected = asked_as_json(served, instances, explain=explain)
    if explain == "false":
        expected = [{key: each[key] for key in ("prediction", "probability")} for each in expected]
    assert with_plain_maps(found, served) == expected


def with_plain_maps(found: pa.Table, served: Served) -> list[Any]:
    """Return the rows, with objects for maps, which Arrow gives as lists of pairs."""
    rows: list[Any] = found.to_pylist()
    if served.loaded.predictor.explained is None:
        for each in rows:
            if each.get("explanation") is not None:
                each["explanation"] = dict(each["explanation"])
    return rows


@pytest.mark.parametrize("name", OF_EVERY_TYPE)
def test_predictions_have_the_type_of_the_labels(name: str) -> None:
    served = a_served_example(name)
    labels = served.loaded.predictor.labels
    kinds = {None: pa.float64(), str: pa.string(), int: pa.int64(), bool: pa.bool_()}
    table = pa.Table.from_pylist([], schema=arrow_schema(served.loaded.predictor.schema.features))
    found = ask(
        arrow_stream(*(table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)])), served
    )
    assert found.schema.field("prediction").type == kinds[None if labels is None else type(labels[0])]
    assert found.schema.field("probability").type == pa.float64()


@pytest.mark.parametrize(
    "ages",
    [
        *(pa.array([40, 7, None], kind) for kind in (pa.int8(), pa.uint8(), pa.int64(), pa.uint64())),
        *(pa.array(np.array([40, 7, np.nan], dtype=kind)) for kind in (np.float16, np.float32, np.float64)),
        pa.array([40, 7, None], pa.float32()),
    ],
    ids=lambda ages: f"{ages.type}, {ages.null_count} null",
)
def test_numbers_of_any_type_are_taken_and_nan_is_a_missing_value(ages: pa.Array) -> None:
    found = ask(arrow_stream(pa.record_batch({"city": CITIES, "age": ages})))
    assert found["prediction"].to_pylist() == [41.0, 7.0, 0.0]


def test_whole_numbers_too_large_for_a_double_are_rounded_as_those_of_json_are() -> None:
    numbers = [2**63 - 1, -(2**53) - 1, 2**53 + 1, None]
    body = arrow_stream(pa.record_batch({"age": pa.array(numbers), "city": pa.nulls(4)}))
    instances = [{"age": number, "city": None} for number in numbers]
    expected = [each["prediction"] for each in asked_as_json(FAKE, instances, explain="false")]
    assert ask(body)["prediction"].to_pylist() == expected


@pytest.mark.parametrize(
    "kind",
    [
        *(pa.string(), pa.large_string(), pa.string_view()),
        *(pa.dictionary(index, pa.string()) for index in (pa.int8(), pa.uint32(), pa.uint64())),
        pa.dictionary(pa.int16(), pa.large_string()),
    ],
    ids=str,
)
def test_text_of_any_type_becomes_categories_and_an_unknown_one_is_a_missing_value(kind: pa.DataType) -> None:
    cities = pa.array(["Basel", None, "Rome", "Bern"], pa.string()).cast(kind)
    found = ask(arrow_stream(pa.record_batch({"age": pa.nulls(4), "city": cities})), explain="true")
    assert [each["city"] for each in found["explanation"].to_pylist()] == [1.0, 0.0, 0.0, 0.0]
    assert found["prediction"].to_pylist() == [1.0, 0.0, 0.0, 0.0]


def test_long_text_and_later_rows_of_views_are_read_as_well() -> None:
    cities = pa.array(
        ["Basel", None, "a name that is too long for a view", "Basel"] * CHUNK_ROWS, pa.string_view()
    )
    found = ask(arrow_stream(pa.record_batch({"age": pa.nulls(len(cities)), "city": cities})), piece_bytes=10**6)
    assert found["prediction"].to_pylist() == [1.0, 0.0, 0.0, 1.0] * CHUNK_ROWS


def test_views_that_all_lead_to_one_long_text_are_refused() -> None:
    """Written out, each of a hundred rows would take as many bytes as the whole batch."""
    text, count = b"x" * 1_000_000, 100
    view = struct.pack("<i4sii", len(text), text[:4], 0, 0)
    views = pa.Array.from_buffers(pa.string_view(), count, [None, pa.py_buffer(view * count), pa.py_buffer(text)])
    dictionary = pa.DictionaryArray.from_arrays(pa.array([0] * count), views)
    for cities in (views, dictionary):
        batch = pa.record_batch({"age": pa.nulls(count), "city": cities})
        with pytest.raises(InvalidInput, match="has views of 100000000 bytes of text"):
            ask(arrow_stream(batch))
    few = pa.record_batch({"age": pa.nulls(3), "city": views[:3]})
    assert ask(arrow_stream(few)).num_rows == 3


def test_a_dictionary_may_be_replaced_between_batches() -> None:
    def batch(*spelled: str | None) -> pa.RecordBatch:
        return pa.record_batch({"age": pa.nulls(2), "city": pa.array(spelled, pa.string()).dictionary_encode()})

    batches = [batch("Basel", None), batch("Rome", "Basel"), batch(None, None), batch("Bern", "Basel")]
    found = ask(arrow_stream(*batches, batches[-1]))
    assert found["prediction"].to_pylist() == [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0]


def test_only_rows_of_which_the_condition_holds_have_an_explanation() -> None:
    found = ask(STREAM, explain="prediction < 40")
    assert found["explanation"].to_pylist() == [None, {"age": 7.5, "city": 0.0}, {"age": 0.0, "city": 0.0}]
    assert ask(STREAM, explain="prediction > 100")["explanation"].null_count == 3
    assert "explanation" not in ask(STREAM).column_names


def test_a_stream_without_rows_or_batches_or_its_last_mark_is_whole() -> None:
    batches_end = len(STREAM) - 8
    for body, rows in [
        (arrow_stream(BATCH.slice(0, 0)), 0),
        (BATCH.schema.serialize().to_pybytes(), 0),
        (arrow_stream(BATCH.slice(0, 0), BATCH, BATCH.slice(0, 0)), 3),
        (STREAM[:batches_end], 3),
    ]:
        assert ask(body).num_rows == rows


def test_large_batches_are_answered_in_chunks() -> None:
    count = 2 * CHUNK_ROWS + 1
    rows = ArrowRows(FAKE, explain=False)
    body = arrow_stream(pa.record_batch({"age": np.arange(count), "city": pa.nulls(count)}))
    found = pa.ipc.open_stream(answered(rows, body, piece_bytes=100_000))
    batches = [batch.num_rows for batch in found]
    assert batches == [CHUNK_ROWS, CHUNK_ROWS, 1]
    assert rows.instances == count
    assert rows.held_bytes == 0


def test_what_takes_a_while_is_answered_before_the_rest_of_its_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_streams, "SEND_AFTER_S", 0.0)
    batch = pa.record_batch({"age": pa.array(np.arange(50.0)), "city": pa.nulls(50)})
    answer = answered(ArrowRows(FAKE, explain=True), arrow_stream(batch, batch))
    found = list(pa.ipc.open_stream(answer))
    assert found[0].num_rows < 50
    expected = list(range(50)) * 2
    assert pa.Table.from_batches(found)["explanation"].combine_chunks().field("age").to_pylist() == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (
            {"agee": AGES, "city": CITIES},
            [
                ("features.agee", "is no feature of this version. Did you mean 'age'?"),
                ("features.age", "is missing; send null when its value is not known."),
            ],
        ),
        (
            {"age": CITIES, "city": CITIES},
            [("features.age", "must be a number or null, is of Arrow's type string.")],
        ),
        ({"age": AGES, "city": AGES}, [("features.city", "must be text or null, is of Arrow's type double.")]),
        (
            {"age": pa.array([[1.0], [], None]), "city": CITIES},
            [("features.age", "must be a number or null, is of Arrow's type list<item: double>.")],
        ),
        (
            {"age": pa.array([date(2026, 1, 1)] * 3), "city": CITIES},
            [("features.age", "must be a number or null, is of Arrow's type date32[day].")],
        ),
    ],
)
def test_columns_that_do_not_fit_are_told_by_name(columns: Any, expected: list[tuple[str, str]]) -> None:
    assert problems(arrow_stream(pa.record_batch(columns))) == expected


def test_a_column_that_is_there_twice_is_told() -> None:
    batch = pa.RecordBatch.from_arrays([AGES, AGES, CITIES], names=["age", "age", "city"])
    assert problems(arrow_stream(batch)) == [("features.age", "is there 2 times: send one column of this name.")]


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_an_infinite_number_is_told_by_its_place_in_the_stream(kind: Any) -> None:
    ages = pa.array(np.array([1, -np.inf, 2], dtype=kind))
    first = pa.record_batch({"age": pa.array(np.array([0, 0, 0], dtype=kind)), "city": CITIES})
    body = arrow_stream(first, pa.record_batch({"age": ages, "city": CITIES}))
    assert problems(body) == [("features[4].age", "must be a finite number or null.")]


def test_a_hundred_thousand_columns_are_refused() -> None:
    names = [f"column-{number}" for number in range(100_000)]
    assert len(problems(pa.schema([(name, pa.float64()) for name in names]).serialize().to_pybytes())) == 20


@pytest.mark.parametrize("codec", ["lz4", "zstd"])
def test_compressed_streams_are_refused_before_anything_is_unpacked(codec: str) -> None:
    zeros = pa.record_batch({"age": np.zeros(1_000_000), "city": pa.nulls(1_000_000)})
    with pytest.raises(InvalidInput, match="write it without compression"):
        ask(arrow_stream(zeros, compression=codec))
    cities = pa.array(["Basel" * 1_000]).dictionary_encode()
    with pytest.raises(InvalidInput, match="write it without compression"):
        ask(arrow_stream(pa.record_batch({"age": pa.nulls(1), "city": cities}), compression=codec))


def test_dictionaries_in_parts_are_refused() -> None:
    first = pa.record_batch({"age": pa.nulls(1), "city": pa.array(["Basel"]).dictionary_encode()})
    longer = pa.DictionaryArray.from_arrays(pa.array([1], pa.int32()), pa.array(["Basel", "Bern"]))
    with pytest.raises(InvalidInput, match="without deltas"):
        ask(
            arrow_stream(first, pa.record_batch({"age": pa.nulls(1), "city": longer}), emit_dictionary_deltas=True)
        )


def test_dictionaries_may_not_take_more_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_messages, "DICTIONARIES_MAX_BYTES", 100)
    cities = pa.array(["Basel" * 100]).dictionary_encode()
    with pytest.raises(InvalidInput, match=r"bytes in its dictionaries, may have 100"):
        ask(arrow_stream(pa.record_batch({"age": pa.nulls(1), "city": cities})))


def test_a_batch_that_declares_more_bytes_than_may_be_is_refused_before_they_come() -> None:
    schema = BATCH.schema.serialize().to_pybytes()
    damaged = STREAM.replace(_body_length_of(STREAM[len(schema) :]), struct.pack("<q", BATCH_MAX_BYTES + 8), 1)
    with pytest.raises(InvalidInput, match="write batches of fewer rows"):
        ask(damaged[: len(schema) + 400])
    with pytest.raises(InvalidInput, match="the metadata of a message"):
        ask(b"\xff\xff\xff\xff" + struct.pack("<i", METADATA_MAX_BYTES + 8))


def test_rows_that_take_no_bytes_are_bounded_too() -> None:
    rows = 2**31 - 1
    batch = pa.record_batch({"age": pa.nulls(rows), "city": pa.nulls(rows)})
    with pytest.raises(InvalidInput, match=f"{rows} rows, may have {BATCH_MAX_ROWS}"):
        ask(arrow_stream(batch))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not even a schema"),
        (b"\xff\xff\xff\xff\0\0\0\0", "not even a schema"),
        (b'{"model_id": "churn", "features": []}', "no Arrow IPC stream"),
        (b"ARROW1\0\0" + STREAM, "no Arrow IPC stream"),
        (STREAM + b"more", "goes on after its end"),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff", "negative"),
        (b"\xff\xff\xff\xff\x08\0\0\0" + b"\xff" * 8, "metadata cannot be read"),
        (STREAM + STREAM, "goes on after its end"),
        (STREAM[len(BATCH.schema.serialize()) :], "cannot be read"),
    ],
)
def test_what_is_no_arrow_stream_is_told(body: bytes, message: str) -> None:
    with pytest.raises(NotArrow, match=message):
        ask(body)


def test_a_stream_that_is_cut_off_is_never_taken_for_whole() -> None:
    whole = [0, *(len(part) for part in (BATCH.schema.serialize(),)), len(STREAM) - 8, len(STREAM)]
    for end in range(1, len(STREAM)):
        if end in whole:
            continue
        with pytest.raises(NotArrow):
            ask(STREAM[:end])


def test_damaged_streams_are_answered_or_refused() -> None:
    """Nothing else happens, above all no crash: every damage is one that a sender could do on purpose."""
    cities = pa.array(["Basel", None, "Rome"])
    streams = [
        arrow_stream(pa.record_batch({"age": AGES, "city": column}))
        for column in (cities, cities.dictionary_encode(), cities.cast(pa.string_view()))
    ]
    chance = random.Random(5)
    for _ in range(1_500):
        damaged = bytearray(chance.choice(streams))
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(len(damaged))] = chance.choice(
                (0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256))
            )
        try:
            ask(bytes(damaged))
        except (NotArrow, InvalidInput):
            continue


def _body_length_of(message: bytes) -> bytes:
    """Return how the head of a record batch spells the length of its body."""
    head_bytes: int = struct.unpack_from("<i", message, 4)[0]
    end_of_stream = 8
    return struct.pack("<q", len(message) - end_of_stream - 8 - head_bytes)
