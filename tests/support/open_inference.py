"""The Open Inference Protocol in process: what answers it, and tensors as a client would write them."""

import asyncio
import json
import struct
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Self

import httpx
import numpy as np
import orjson

from application.health.health import Health
from infrastructure.system.clock import SystemClock
from interfaces.http.inference import PATH, InferenceEndpoint
from interfaces.http.open_inference.endpoint import OpenInferenceEndpoint
from interfaces.http.open_inference.inferring import TensorInference
from interfaces.http.open_inference.served import protocol_operations
from interfaces.http.open_inference.statistics import Statistics
from interfaces.http.reads import Reads
from tests.application.inference.registry import Registry
from tests.interfaces.http.test_inference import Progress

DTYPES = {"BOOL": "?", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8", "INT64": "<i8", "UINT8": "<u1", "INT32": "<i4"}


class Protocol:
    """What answers the protocol over a registry, and instances in JSON beside it.

    Attributes:
        work: What was predicted over the protocol.
    """

    def __init__(self, registry: Registry, *, position: int = 0, health: Health | None = None) -> None:
        clock = SystemClock()
        self._instances = InferenceEndpoint(serving=registry.serving, progress=Progress(position), threads=2)
        statistics = Statistics()
        tensors = TensorInference(
            inference=self._instances.inference, serving=registry.serving, statistics=statistics, clock=clock
        )
        service: Any = SimpleNamespace(read_models=registry.read_models)
        self._tensors = OpenInferenceEndpoint(
            protocol_operations(
                health=health or Health([], clock=clock, version="1"),
                serving=registry.serving,
                read_models=registry.read_models,
                reads=Reads(service=service, threads=2),
                inference=self._instances.inference,
                tensors=tensors,
                statistics=statistics,
            ),
            bodies=self._instances.bodies,
        )
        self.work = tensors.work

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._instances.close()

    def ask(
        self, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Return the answer to one request."""
        return self._sent(self._tensors, method, path, [content], headers)[0]

    def ask_at_once(self, method: str, path: str, contents: Sequence[bytes]) -> list[httpx.Response]:
        """Return the answers to requests that are sent at the same time, in their order."""
        return self._sent(self._tensors, method, path, contents, None)

    def get(self, path: str) -> Any:
        """Return the document that is at a path."""
        response = self.ask("GET", path)
        assert response.status_code == httpx.codes.OK, response.text
        return response.json()

    def infer(
        self, model: str, *inputs: Mapping[str, Any], outputs: Sequence[Any] = (), **members: Any
    ) -> httpx.Response:
        """Return the answer to tensors in JSON."""
        document = {"inputs": inputs, **({"outputs": outputs} if outputs else {}), **members}
        return self.ask("POST", f"/v2/models/{model}/infer", json.dumps(document).encode())

    def infer_binary(
        self,
        model: str,
        *inputs: tuple[Mapping[str, Any], bytes],
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> httpx.Response:
        """Return the answer to tensors in binary form."""
        head = orjson.dumps({"inputs": [described for described, _ in inputs], **members})
        body = b"".join((head, *(data for _, data in inputs)))
        sizes = {"Inference-Header-Content-Length": str(len(head))}
        return self.ask("POST", f"/v2/models/{model}/infer", body, {**sizes, **(headers or {})})

    def ask_instances(self, document: Mapping[str, Any], *, query: str = "") -> httpx.Response:
        """Return the answer to instances in JSON."""
        return self._sent(self._instances, "POST", f"{PATH}{query}", [json.dumps(document).encode()], None)[0]

    def predictions(self, model: str, instances: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Return what instances in JSON are answered with, with all explanations."""
        response = self.ask_instances({"model_id": model, "features": instances}, query="?explain=true")
        assert response.status_code == httpx.codes.OK, response.text
        return list(response.json()["results"])

    @staticmethod
    def _sent(
        endpoint: Any, method: str, path: str, contents: Sequence[bytes], headers: Mapping[str, str] | None
    ) -> list[httpx.Response]:
        sent = {"accept-encoding": "", **(headers or {})}

        async def send() -> list[httpx.Response]:
            transport = httpx.ASGITransport(app=endpoint)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                requests = (client.request(method, path, content=each, headers=sent) for each in contents)
                return await asyncio.gather(*requests)

        return asyncio.run(send())


def tensor(name: str, datatype: str, data: Sequence[Any], shape: Sequence[int] | None = None) -> dict[str, Any]:
    """Return a tensor in JSON; of one dimension unless its shape is given."""
    return {"name": name, "datatype": datatype, "shape": shape or [len(data)], "data": data}


def binary(
    name: str, datatype: str, data: Sequence[Any], shape: Sequence[int] | None = None
) -> tuple[dict[str, Any], bytes]:
    """Return a tensor's description, and its elements in binary form."""
    if datatype == "BYTES":
        texts = [each if isinstance(each, bytes) else each.encode() for each in data]
        elements = b"".join(struct.pack("<I", len(each)) + each for each in texts)
    else:
        elements = np.array(data, dtype=np.dtype(DTYPES[datatype])).tobytes()
    described = {"name": name, "datatype": datatype, "shape": shape or [len(data)]}
    return {**described, "parameters": {"binary_data_size": len(elements)}}, elements


def outputs_of(response: httpx.Response) -> dict[str, tuple[str, list[int], list[Any]]]:
    """Return name → datatype, shape and elements of the tensors that were answered, whatever form they have."""
    assert response.status_code == httpx.codes.OK, response.text
    length = int(response.headers.get("inference-header-content-length", len(response.content)))
    found, rest = {}, response.content[length:]
    for each in orjson.loads(response.content[:length])["outputs"]:
        if "data" in each:
            elements = each["data"]
        else:
            size = each["parameters"]["binary_data_size"]
            elements, rest = _elements(each["datatype"], rest[:size]), rest[size:]
        found[each["name"]] = each["datatype"], each["shape"], elements
    assert rest == b""
    return found


def _elements(datatype: str, content: bytes) -> list[Any]:
    if datatype != "BYTES":
        return list(np.frombuffer(content, DTYPES[datatype]).tolist())
    texts = []
    while content:
        (length,) = struct.unpack_from("<I", content)
        texts.append(content[4 : 4 + length].decode())
        content = content[4 + length :]
    return texts
