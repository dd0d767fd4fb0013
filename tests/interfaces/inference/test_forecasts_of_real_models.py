"""What a trained version forecasts is the same by every transport, and so is what it refuses."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pytest

from application.inference.loaded import Loaded
from application.inference.routes import Served
from domain.inference.errors import NonConformingInstance
from infrastructure.learning.loading import predictor_of
from infrastructure.learning.training import train
from interfaces.inference.arrow import ArrowRows
from interfaces.inference.ndjson import JsonLines
from tests.application.inference.registry import Registry
from tests.interfaces.inference.streaming import answered, arrow_stream
from tests.support.fakes.predictors import FakePredictorLoader
from tests.support.open_inference import Protocol, outputs_of, tensor
from tests.support.series import sales

INSTANCES = sales().instances()
OUTPUTS = ("value", "predict"), ("lower", "lower"), ("upper", "upper"), ("time", "time")
UNKNOWN = {"horizon": 1, "series": "nroth", "exogenous": [{"price": 1.0}]}


class Shops(NamedTuple):
    """A version that forecasts what two shops sell, and what answers over HTTP with it."""

    served: Served
    protocol: Protocol


@pytest.fixture(scope="module")
def shops() -> Iterator[Shops]:
    table = sales()
    training = train(table.quick_plan(), table.table(), num_threads=1, on_iteration=lambda _: None)
    predictor = predictor_of(training.manifest, training.parts)
    registry = Registry(None, loader=FakePredictorLoader(shops=predictor))
    registry.register("shops", v1_0_0="artifact:shops")
    with Protocol(registry) as protocol:
        served = Served(model_id="shops", version="1.0.0", loaded=Loaded("artifact:shops", predictor))
        yield Shops(served, protocol)
    registry.close()


def in_columns(instances: list[dict[str, Any]]) -> bytes:
    prices = [[each["price"] for each in instance["exogenous"]] for instance in instances]
    exogenous = pa.array(
        [[{"price": price} for price in each] for each in prices], pa.list_(pa.struct([("price", pa.float64())]))
    )
    columns = {
        "exogenous": exogenous,
        "horizon": pa.array([each.get("horizon") for each in instances], pa.int8()),
        "series": pa.array([each["series"] for each in instances]).dictionary_encode(),
    }
    return arrow_stream(pa.record_batch(columns))


def test_forecasts_and_what_explains_them_are_the_same_in_lines_and_columns(shops: Shops) -> None:
    expected = shops.protocol.predictions("shops", INSTANCES)
    lines = answered(JsonLines(shops.served, explain=True), b"\n".join(map(orjson.dumps, INSTANCES)))
    assert list(map(orjson.loads, lines.splitlines())) == expected
    stream = answered(ArrowRows(shops.served, explain=True), in_columns(INSTANCES))
    found = pa.ipc.open_stream(stream).read_all().to_pylist()
    assert [{**each, "explanation": dict(each["explanation"])} for each in found] == expected


def test_forecasts_are_the_same_in_tensors(shops: Shops) -> None:
    tensors = [
        tensor("horizon", "INT64", [each.get("horizon") for each in INSTANCES]),
        tensor("series", "BYTES", [each["series"] for each in INSTANCES]),
        tensor("exogenous", "BYTES", [json.dumps(each["exogenous"]) for each in INSTANCES]),
    ]
    found = outputs_of(shops.protocol.infer("shops", *tensors))
    width = found["predict"][1][1]
    for row, result in enumerate(shops.protocol.predictions("shops", INSTANCES)):
        for name, output in OUTPUTS:
            steps = found[output][2][row * width : row * width + len(result["prediction"])]
            assert steps == [each[name] for each in result["prediction"]]


def test_a_series_that_the_version_does_not_know_is_told_by_its_place(shops: Shops) -> None:
    response = shops.protocol.ask_instances({"model_id": "shops", "features": [*INSTANCES, UNKNOWN]})
    (problem,) = response.json()["validation_errors"]
    assert (response.status_code, problem["field"]) == (422, f"features[{len(INSTANCES)}].series")
    assert "Did you mean 'north'?" in problem["message"]
    for rows, body in (
        (JsonLines(shops.served, explain=False), b"\n".join(map(orjson.dumps, [*INSTANCES, UNKNOWN]))),
        (ArrowRows(shops.served, explain=False), in_columns([*INSTANCES, UNKNOWN])),
    ):
        with pytest.raises(NonConformingInstance, match="Did you mean 'north'"):
            answered(rows, body)
        assert rows.instances == len(INSTANCES)
