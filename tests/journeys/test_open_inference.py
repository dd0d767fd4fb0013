"""The unmodified `tritonclient`, with its defaults, against a running service: every call of it that applies."""

from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from tests.support import data
from tests.support.data import ExampleTable
from tests.support.service import RunningService

pytestmark = pytest.mark.slow

TABLES = {"iris": data.iris(), "churn": data.churn()}
ROWS = 40


@pytest.fixture(scope="module")
def models(a_service: RunningService, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ExampleTable]:
    """One of numbers, one of texts, truth values and numbers, both in production."""
    for name, table in TABLES.items():
        a_service.upload(name, table.write(tmp_path_factory.mktemp(name)), table.target)
        a_service.post("/models", {"name": name, "type": table.model_type})
        job = a_service.ended(a_service.train(name, name, num_iterations=10, min_data_in_leaf=5))
        assert a_service.promote(name, job["resulting_version"]).status_code == httpx.codes.OK
    return TABLES


@pytest.fixture(scope="module")
def client(a_service: RunningService) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(a_service.url.removeprefix("http://")) as client:
        yield client


def instances_of(table: ExampleTable) -> list[dict[str, Any]]:
    return table.instances()[:ROWS]


def predictions(service: RunningService, name: str, table: ExampleTable) -> list[Any]:
    body = {"model_id": name, "features": instances_of(table)}
    response = service.client.post("/api/v1/inference?explain=true", json=body)
    assert response.status_code == httpx.codes.OK, response.text
    return list(response.json()["results"])


def table_input(table: ExampleTable, datatype: str = "FP64", *, binary: bool = True) -> list[triton.InferInput]:
    rows = [[np.nan if value is None else value for value in each.values()] for each in instances_of(table)]
    return [input_of("input", np.array(rows, {"FP64": np.float64, "FP32": np.float32}[datatype]), binary=binary)]


def column_inputs(
    client: triton.InferenceServerClient, name: str, table: ExampleTable, *, binary: bool = True
) -> list[triton.InferInput]:
    """Return a tensor for each input that the metadata speak of."""
    inputs = []
    for each in client.get_model_metadata(name)["inputs"]:
        column = [row[each["name"]] for row in instances_of(table)]
        if each["datatype"] == "BYTES":
            found: Any = np.array(["unknown" if value is None else value for value in column], dtype=np.object_)
        else:
            found = np.array([np.nan if value is None else float(value) for value in column])
        inputs.append(input_of(each["name"], found, binary=binary))
    return inputs


def input_of(name: str, values: Any, *, binary: bool) -> triton.InferInput:
    datatype = {"float64": "FP64", "float32": "FP32", "object": "BYTES"}[str(values.dtype)]
    found = triton.InferInput(name, list(values.shape), datatype)
    found.set_data_from_numpy(values, binary_data=binary)
    return found


def require_equal(result: triton.InferResult, expected: list[Any], *, of_text: bool) -> None:
    predicted = result.as_numpy("predict").tolist()
    labels = [each.decode() if isinstance(each, bytes) else each for each in predicted] if of_text else predicted
    assert labels == [each["prediction"] for each in expected]
    assert result.as_numpy("predict_proba").max(axis=1).tolist() == [each["probability"] for each in expected]


@pytest.mark.usefixtures("models")
def test_the_client_asks_what_there_is(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("iris")
    assert client.is_model_ready("iris", "1.0.0")
    assert not client.is_model_ready("nobody")
    assert not client.is_model_ready("iris", "9.9.9")
    server = client.get_server_metadata()
    assert {"binary_tensor_data", "model_repository", "statistics"} <= set(server["extensions"])
    for version in ("", "1.0.0"):
        model = client.get_model_metadata("iris", version)
        assert (model["name"], model["versions"]) == ("iris", ["1.0.0"])
        assert [each["datatype"] for each in model["inputs"]] == ["FP64"] * 4
    index = client.get_model_repository_index()
    assert {each["name"]: each["state"] for each in index} == {"churn": "READY", "iris": "READY"}
    client.load_model("iris")
    with pytest.raises(InferenceServerException, match="Models are not unloaded"):
        client.unload_model("iris")
    with pytest.raises(InferenceServerException, match="There is no model 'nobody'") as refused:
        client.load_model("nobody")
    assert refused.value.status() == "404"


@pytest.mark.parametrize("binary", [True, False])
def test_the_client_is_answered_as_everybody_is(
    client: triton.InferenceServerClient,
    a_service: RunningService,
    models: dict[str, ExampleTable],
    binary: bool,
) -> None:
    for name, table in models.items():
        expected = predictions(a_service, name, table)
        inputs = column_inputs(client, name, table, binary=binary)
        result = client.infer(name, inputs, request_id="mine")
        require_equal(result, expected, of_text=name == "iris")
        response = result.get_response()
        assert (response["id"], response["model_name"], response["model_version"]) == ("mine", name, "1.0.0")
        outputs = [
            triton.InferRequestedOutput("explanation", binary_data=binary),
            triton.InferRequestedOutput("predict", binary_data=not binary),
        ]
        asked = client.infer(name, inputs, model_version="1.0.0", outputs=outputs)
        assert [each["name"] for each in asked.get_response()["outputs"]] == ["explanation", "predict"]
        contributions = asked.as_numpy("explanation")
        assert contributions[:, :-1].tolist() == [list(each["explanation"].values()) for each in expected]
    iris = models["iris"]
    tabular = client.infer("iris", table_input(iris, binary=binary))
    require_equal(tabular, predictions(a_service, "iris", iris), of_text=True)
    assert client.infer("iris", table_input(iris, "FP32", binary=binary)).as_numpy("predict").shape == (ROWS,)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_the_client_may_compress_what_it_sends_and_gets(
    client: triton.InferenceServerClient, a_service: RunningService, models: dict[str, ExampleTable], coding: str
) -> None:
    expected = predictions(a_service, "churn", models["churn"])
    inputs = column_inputs(client, "churn", models["churn"])
    for compression in (
        {"request_compression_algorithm": coding},
        {"response_compression_algorithm": coding},
        {"request_compression_algorithm": coding, "response_compression_algorithm": coding},
    ):
        require_equal(client.infer("churn", inputs, **compression), expected, of_text=False)


def test_the_client_may_ask_for_several_answers_at_a_time(
    a_service: RunningService, models: dict[str, ExampleTable]
) -> None:
    expected = predictions(a_service, "iris", models["iris"])
    with triton.InferenceServerClient(a_service.url.removeprefix("http://"), concurrency=4) as client:
        inputs = table_input(models["iris"])
        waiting = [client.async_infer("iris", inputs, request_id=str(number)) for number in range(8)]
        for number, each in enumerate(waiting):
            result = each.get_result()
            assert result.get_response()["id"] == str(number)
            require_equal(result, expected, of_text=True)


def test_the_client_is_told_what_is_wrong_and_counted(
    client: triton.InferenceServerClient, models: dict[str, ExampleTable]
) -> None:
    (before,) = client.get_inference_statistics("iris", "1.0.0")["model_stats"]
    inputs = table_input(models["iris"])
    client.infer("iris", inputs, timeout=30_000_000)
    wrong = input_of("petal_lenght", np.zeros(1), binary=True)
    with pytest.raises(InferenceServerException, match="is no feature of this version") as refused:
        client.infer("iris", [wrong])
    assert refused.value.status() == "400"
    with pytest.raises(InferenceServerException, match="must be a finite number"):
        client.infer("iris", [input_of("x", np.full((1, 4), np.inf), binary=True)])
    (after,) = client.get_inference_statistics("iris")["model_stats"]
    assert after["inference_count"] - before["inference_count"] == ROWS
    for outcome, count in (("success", 1), ("fail", 2)):
        counts = [each["inference_stats"][outcome]["count"] for each in (before, after)]
        assert counts[1] - counts[0] == count
    counted = {each["name"] for each in client.get_inference_statistics()["model_stats"]}
    assert "iris" in counted
    with pytest.raises(InferenceServerException, match="no configuration"):
        client.get_model_config("iris")
