"""The forms that rows may be sent in, and whether a server takes them."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa

from tests.benchmarks.serving.hello import PATH
from tests.benchmarks.serving.model import MODEL, Served, json_body
from tests.benchmarks.serving.wrk import Requests

_ARROW = "application/vnd.apache.arrow.stream"
_BINARY = "binary_tensor_data"


@dataclass(frozen=True)
class Form:
    """A way to send many rows.

    Attributes:
        bar: Of its rate against the bare engine's.
        is_taken: Whether a server says that it takes it.
        written: Makes requests of batches of rows, their bodies in a file.
    """

    name: str
    bar: float
    is_taken: Callable[[httpx.Client], bool]
    written: Callable[[Served, Iterable[slice], Path], Requests]


def json_requests(served: Served, batches: Iterable[slice], file: Path, *, query: str = "") -> Requests:
    """Return requests of lists of JSON objects."""
    return Requests.written(file, (json_body(served, batch) for batch in batches), path=PATH + query)


def _arrow_requests(served: Served, batches: Iterable[slice], file: Path) -> Requests:
    path = f"{PATH}?model_id={MODEL}"
    bodies = (_arrow_stream(served, batch) for batch in batches)
    return Requests.written(file, bodies, path=path, Content_Type=_ARROW, Accept=_ARROW)


def _arrow_stream(served: Served, batch: slice) -> bytes:
    columns = {name: pa.array(served.rows[batch, column]) for column, name in enumerate(served.names)}
    table = pa.table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _tensor_requests(served: Served, batches: Iterable[slice], file: Path) -> Requests:
    """Return requests of one matrix each, its JSON of one length: the header that tells it is the same for all."""
    matrices = [served.rows[batch] for batch in batches]
    heads = {_tensor_head(matrix.shape) for matrix in matrices}
    assert len(heads) == 1, "batches are of one size"
    head = heads.pop()
    return Requests.written(
        file,
        (head + matrix.astype("<f8").tobytes() for matrix in matrices),
        path=f"/v2/models/{MODEL}/infer",
        Content_Type="application/octet-stream",
        Inference_Header_Content_Length=str(len(head)),
    )


def _tensor_head(shape: tuple[int, ...]) -> bytes:
    rows, columns = shape
    head: dict[str, Any] = {
        "inputs": [
            {
                "name": "features",
                "shape": [rows, columns],
                "datatype": "FP64",
                "parameters": {"binary_data_size": rows * columns * 8},
            }
        ],
        "outputs": [{"name": "predict_proba", "parameters": {"binary_data": True}}],
    }
    return json.dumps(head).encode()


def _takes_arrow(client: httpx.Client) -> bool:
    operation = client.get("/openapi.json").raise_for_status().json()["paths"][PATH]["post"]
    return _ARROW in operation["requestBody"]["content"]


def _takes_tensors(client: httpx.Client) -> bool:
    answer = client.get("/v2")
    return answer.is_success and _BINARY in answer.json()["extensions"]


FORMS = (
    Form("JSON", 0.65, lambda _: True, json_requests),
    Form("Arrow IPC", 0.9, _takes_arrow, _arrow_requests),
    Form("binary tensors", 0.9, _takes_tensors, _tensor_requests),
)
