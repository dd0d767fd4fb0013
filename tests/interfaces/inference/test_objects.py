"""Texts, instants, nested values and forecasts come and go by every transport as by JSON."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.inference.loaded import Loaded
from application.inference.routes import Served
from domain.errors import InvalidInput
from domain.inference.errors import NonConformingInstance
from interfaces.inference.arrow import ArrowRows
from interfaces.inference.arrow_objects import objects
from interfaces.inference.explained import parse_explain
from interfaces.inference.ndjson import JsonLines
from tests.application.inference.registry import Registry
from tests.interfaces.inference.streaming import answered, answers, arrow_stream
from tests.support.fakes.predictors import FakeForecaster, FakePredictorLoader
from tests.support.open_inference import Protocol, binary, outputs_of, tensor

SERVED = Served(model_id="m", version="1.0.0", loaded=Loaded("artifact:fake", FakeForecaster()))
PRICES = pa.list_(pa.struct([("price", pa.float64())]))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ANN: dict[str, Any] = {"horizon": 2, "series": "Ann", "since": "1970-01-03", "exogenous": [{"price": 0.5}]}
BOB: dict[str, Any] = {"horizon": 1}
ANSWER_TO_ANN = [
    {"time": "day 1", "value": 6.5, "lower": 5.5, "upper": 7.5},
    {"time": "day 2", "value": 7.0, "lower": 5.0, "upper": 9.0},
]
WHY_ANN = {"price": 0.5, "days": 2.0, "series": 3.0}

texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
instants = st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)).map(datetime.isoformat)
prices = st.none() | st.floats(-1e6, 1e6)
instance = st.fixed_dictionaries(
    {"horizon": st.integers(1, 4)},
    optional={
        "series": texts,
        "since": instants,
        "exogenous": st.none() | st.lists(st.fixed_dictionaries({"price": prices}), max_size=4),
    },
)


@pytest.fixture(scope="module")
def a_protocol() -> Iterator[Protocol]:
    registry = Registry(None, loader=FakePredictorLoader(one=FakeForecaster()))
    registry.register("m", v1_0_0="artifact:one")
    with Protocol(registry) as protocol:
        yield protocol
    registry.close()


def by_lines(_: Protocol, instances: list[Any]) -> list[Any]:
    body = b"\n".join(map(orjson.dumps, instances))
    return list(map(orjson.loads, answered(JsonLines(SERVED, explain=True), body).splitlines()))


def of_arrow(body: bytes, *, explain: str = "true") -> list[Any]:
    stream = answered(ArrowRows(SERVED, explain=parse_explain(explain)), body)
    found = pa.ipc.open_stream(stream).read_all().to_pylist()
    return [{**each, "explanation": dict(each["explanation"])} for each in found]


def in_arrow(instances: list[Any], since: pa.Array, series: pa.Array) -> bytes:
    columns = {
        "exogenous": pa.array([each.get("exogenous") for each in instances], PRICES),
        "since": since,
        "horizon": pa.array([each["horizon"] for each in instances], pa.int32()),
        "series": series,
    }
    return arrow_stream(pa.record_batch(columns))


def by_arrow_texts(_: Protocol, instances: list[Any]) -> list[Any]:
    since = pa.array([each.get("since") for each in instances], pa.string())
    series = pa.array([each.get("series") for each in instances], pa.string())
    return of_arrow(in_arrow(instances, since, series.dictionary_encode()))


def by_arrow_instants(_: Protocol, instances: list[Any]) -> list[Any]:
    known = [None if (text := each.get("since")) is None else datetime.fromisoformat(text) for each in instances]
    series = pa.array([each.get("series") for each in instances], pa.string_view())
    return of_arrow(in_arrow(instances, pa.array(known, pa.timestamp("us")), series))


def by_tensors(protocol: Protocol, instances: list[Any]) -> list[Any]:
    columns: dict[str, tuple[str, list[Any]]] = {
        "horizon": ("INT64", [each["horizon"] for each in instances]),
        "series": ("BYTES", [each.get("series") for each in instances]),
        "since": ("BYTES", [each.get("since") for each in instances]),
        "exogenous": ("BYTES", [_written(each.get("exogenous")) for each in instances]),
    }
    tensors = [
        tensor(name, datatype, values, [len(values), 1])
        for name, (datatype, values) in columns.items()
        if any(each is not None for each in values)
    ]
    plain = protocol.infer("m", *tensors, outputs=[{"name": name} for name in OUTPUTS])
    in_bytes = protocol.infer("m", *tensors, outputs=[{"name": name, "parameters": BINARY} for name in OUTPUTS])
    assert _results(outputs_of(in_bytes), len(instances)) == _results(outputs_of(plain), len(instances))
    return _results(outputs_of(plain), len(instances))


OUTPUTS = ("predict", "lower", "upper", "time", "explanation")
STEP = ("value", "lower", "upper", "time")
BINARY = {"binary_data": True}


def _written(nested: Any) -> str | None:
    return None if nested is None else json.dumps(nested)


def _results(found: Any, rows: int) -> list[Any]:
    """Return tensors in the words of JSON: behind the end of a forecast is no text."""
    assert {found[name][1][0] for name in OUTPUTS} == {rows}
    (_, width) = found["predict"][1]
    results = []
    for row in range(rows):
        columns = [found[name][2][row * width : (row + 1) * width] for name in OUTPUTS[:4]]
        steps = [dict(zip(STEP, step, strict=True)) for step in zip(*columns, strict=True)]
        explanation = orjson.loads(found["explanation"][2][row])
        prediction = [each for each in steps if each["time"]]
        results.append({"prediction": prediction, "probability": None, "explanation": explanation})
    return results


@pytest.mark.parametrize("transport", [by_lines, by_arrow_texts, by_arrow_instants, by_tensors])
@given(instances=st.lists(instance, min_size=1, max_size=5))
@settings(max_examples=20, deadline=None)
def test_any_instances_are_answered_by_every_transport_as_by_json(
    a_protocol: Protocol, transport: Callable[[Protocol, list[Any]], list[Any]], instances: list[Any]
) -> None:
    expected = a_protocol.predictions("m", instances)
    assert [len(each["prediction"]) for each in expected] == [each["horizon"] for each in instances]
    assert transport(a_protocol, instances) == expected


def test_a_forecast_is_a_list_of_steps_explained_by_names_of_its_own(a_protocol: Protocol) -> None:
    first, second = a_protocol.predictions("m", [ANN, BOB])
    assert first == {"prediction": ANSWER_TO_ANN, "probability": None, "explanation": WHY_ANN}
    assert second["explanation"] == {"price": 0.0}
    assert a_protocol.predictions("m", ANN) == [first]


@pytest.mark.parametrize(
    ("feature", "value", "message"),
    [
        ("series", 3, "must be text or null, is a number."),
        ("since", "yesterday", "must be a date or time in ISO 8601 or null, as '2026-03-01'"),
        ("since", 5, "must be a date or time in ISO 8601 or null, is a number."),
        ("exogenous", "x", "must be a list, an object or null, is text."),
        ("horizon", None, None),
    ],
)
def test_what_a_cell_must_be_is_said_by_json(feature: str, value: Any, message: str | None) -> None:
    schema = SERVED.loaded.predictor.schema
    if message is None:
        assert schema.conform([{"horizon": value}])
        return
    with pytest.raises(NonConformingInstance) as found:
        schema.conform([{**ANN, feature: value}])
    (problem,) = found.value.problems
    assert problem.field == f"features[0].{feature}"
    assert problem.message.startswith(message)


def test_a_feature_that_must_be_there_is_missed_and_an_optional_one_is_not() -> None:
    schema = SERVED.loaded.predictor.schema
    with pytest.raises(NonConformingInstance) as found:
        schema.conform([{"series": "x", "hoirzon": 2}])
    assert [each.field for each in found.value.problems] == ["features[0].hoirzon", "features[0].horizon"]
    with pytest.raises(NonConformingInstance):
        of_arrow(arrow_stream(pa.record_batch({"series": pa.array(["x"])})))


@pytest.mark.parametrize(
    "since",
    [
        pa.array([2, None], pa.date32()),
        pa.array([date(1970, 1, 3), None], pa.date64()),
        pa.array([172_800, None], pa.timestamp("s")),
        pa.array([172_800_000_000_999, None], pa.timestamp("ns", tz="Europe/Zurich")),
        pa.array(["1970-01-03T01:00+01:00", None], pa.large_string()),
        pa.array(["1970-01-03", None]).dictionary_encode(),
    ],
    ids=lambda each: str(each.type),
)
def test_instants_may_come_in_any_of_arrows_types(since: pa.Array) -> None:
    columns = {"since": since, "horizon": pa.array([1, 1])}
    first, second = of_arrow(arrow_stream(pa.record_batch(columns)))
    assert first["explanation"] == {"price": 0.0, "days": 2.0}
    assert second["explanation"] == {"price": 0.0}


@given(seconds=st.integers(-(10**10), 10**10), microseconds=st.integers(0, 999_999))
def test_an_instant_is_the_same_number_as_text_and_in_any_precision(seconds: int, microseconds: int) -> None:
    moment = EPOCH + timedelta(seconds=seconds, microseconds=microseconds)
    (written,) = SERVED.loaded.predictor.schema.conform([{"horizon": 1, "since": moment.isoformat()}])
    for unit in ("us", "ns") if 1700 < moment.year < 2250 else ("us",):
        columns = {"horizon": pa.array([1]), "since": pa.array([moment], pa.timestamp(unit, tz="UTC"))}
        (found,) = of_arrow(arrow_stream(pa.record_batch(columns)))
        assert found["explanation"]["days"] == written[2] / 86_400


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"since": pa.array(["soon"])}, "features[0].since: must be a date or time in ISO 8601 or null."),
        ({"since": pa.array([1.5])}, "is of Arrow's type double"),
        ({"series": pa.array([1])}, "must be text or null, is of Arrow's type int64"),
        ({"exogenous": pa.array(["[]"])}, "must be a list, an object or null, is of Arrow's type string"),
        ({"exogenous": pa.array([[b"x"]])}, "is of Arrow's type list<item: binary>"),
    ],
)
def test_what_a_column_must_be_is_said_by_arrow(column: Any, message: str) -> None:
    with pytest.raises(NonConformingInstance) as found:
        of_arrow(arrow_stream(pa.record_batch({"horizon": pa.array([1]), **column})))
    assert message in " ".join(f"{each.field}: {each.message}" for each in found.value.problems)


def nulls(count: int) -> pa.Array:
    """Return so many without a byte for any, as a stream may say them."""
    return pa.Array.from_buffers(pa.null(), count, [None])


def test_texts_of_a_dictionary_take_their_room_once() -> None:
    text, count = "x" * 1_000_000, 1_000
    series = pa.DictionaryArray.from_arrays(pa.array([0, None] * (count // 2)), pa.array([text, None, "unused"]))
    found = objects(series)
    assert found == [text, None] * (count // 2)
    assert len(set(map(id, found))) == 2


@pytest.mark.parametrize(
    "endless",
    [
        pa.ListArray.from_arrays(pa.array([0, 2**31 - 1], pa.int32()), nulls(2**31 - 1)),
        pa.LargeListArray.from_arrays(pa.array([0, 2**40], pa.int64()), nulls(2**40)),
        pa.FixedSizeListArray.from_arrays(nulls(2**30), 2**30),
        pa.StructArray.from_arrays([pa.FixedSizeListArray.from_arrays(nulls(2**30), 2**30)], ["price"]),
    ],
    ids=["list", "large_list", "fixed_size_list", "struct"],
)
def test_lists_without_end_are_refused(endless: pa.Array) -> None:
    """Nulls take no bytes in Arrow, however many there are."""
    with pytest.raises(InvalidInput, match="values in lists, may have"):
        objects(endless)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ([tensor("since", "BYTES", ["soon"])], "must be a date or time in ISO 8601 or null."),
        ([tensor("exogenous", "BYTES", ["{"])], "must be the JSON of a list, an object or null: unexpected end"),
        ([tensor("exogenous", "BYTES", ["5"])], "must be the JSON of a list, an object or null."),
        ([tensor("series", "INT64", [5])], "'series' must be a tensor of BYTES, the texts in UTF-8, is of INT64."),
    ],
)
def test_what_a_tensor_must_be_is_said_by_the_protocol(a_protocol: Protocol, tensors: Any, message: str) -> None:
    response = a_protocol.infer("m", tensor("horizon", "INT64", [1]), *tensors)
    assert response.status_code == 400
    assert message in response.json()["error"]


def test_tensors_in_binary_form_are_read_as_those_in_json(a_protocol: Protocol) -> None:
    tensors = [
        binary("horizon", "INT64", [2]),
        binary("series", "BYTES", ["Ann"]),
        binary("since", "BYTES", ["1970-01-03"]),
        binary("exogenous", "BYTES", [json.dumps(ANN["exogenous"])]),
    ]
    found = outputs_of(a_protocol.infer_binary("m", *tensors))
    assert set(found) == {"predict", "lower", "upper", "time"}
    assert found["predict"] == ("FP64", [1, 2], [6.5, 7.0])
    assert found["time"] == ("BYTES", [1, 2], ["day 1", "day 2"])


def test_the_metadata_say_what_is_asked_and_answered(a_protocol: Protocol) -> None:
    metadata = a_protocol.get("/v2/models/m")
    assert {each["name"]: each["datatype"] for each in metadata["inputs"]} == {
        "series": "BYTES", "horizon": "FP64", "since": "BYTES", "exogenous": "BYTES"
    }  # fmt: skip
    assert {each["name"]: (each["datatype"], each["shape"]) for each in metadata["outputs"]} == {
        "predict": ("FP64", [-1, -1]),
        "lower": ("FP64", [-1, -1]),
        "upper": ("FP64", [-1, -1]),
        "time": ("BYTES", [-1, -1]),
        "explanation": ("BYTES", [-1]),
    }


def test_a_condition_cannot_be_about_a_forecast() -> None:
    for rows in (JsonLines, ArrowRows):
        body = arrow_stream(pa.record_batch({"horizon": pa.array([1])})) if rows is ArrowRows else b'{"horizon":1}'
        with pytest.raises(InvalidInput, match="A forecast is neither a label nor a number"):
            answered(rows(SERVED, explain=parse_explain("prediction > 3")), body)


FAR = {"horizon": 101}
TOO_FAR = "must be 100 at most."


def test_the_first_row_that_cannot_be_answered_is_told_by_its_place(a_protocol: Protocol) -> None:
    def refused(features: Any) -> list[str]:
        response = a_protocol.ask_instances({"model_id": "m", "features": features})
        assert (response.status_code, response.json()["error_code"]) == (422, "inference.non-conforming")
        return [f"{each['field']}: {each['message']}" for each in response.json()["validation_errors"]]

    assert refused(FAR) == [f"features.horizon: {TOO_FAR}"]
    assert refused([BOB] * 3 + [FAR, FAR]) == [f"features[3].horizon: {TOO_FAR}"]
    response = a_protocol.infer("m", tensor("horizon", "INT64", [1, 101]))
    assert (response.status_code, TOO_FAR in response.text) == (400, True)


def test_lines_before_one_that_cannot_be_answered_are_answered() -> None:
    body = b"\n".join(map(orjson.dumps, [BOB, ANN, FAR, BOB, {"horizon": "x"}]))
    rows = JsonLines(SERVED, explain=False)
    pieces: list[bytes] = []
    with pytest.raises(NonConformingInstance) as found:
        pieces.extend(answers(rows, body))
    assert [each.field for each in found.value.problems] == ["line 3.horizon"]
    assert found.value.details["line"] == 3
    assert rows.instances == 2


def test_rows_of_columns_that_cannot_be_answered_are_told_by_their_place_in_the_stream() -> None:
    batches = [pa.record_batch({"horizon": pa.array(horizons)}) for horizons in ([1, 2], [3, 101])]
    rows = ArrowRows(SERVED, explain=False)
    with pytest.raises(NonConformingInstance) as found:
        answered(rows, arrow_stream(*batches))
    assert [each.field for each in found.value.problems] == ["features[3].horizon"]
    assert rows.instances == 3
