"""The answer to a request of tensors: JSON, and behind it what was asked for in binary form."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from application.inference.routes import Served
from application.ports.predictor import Predictor
from domain.errors import InvalidInput, suggestion
from interfaces.http.bodies import JSON
from interfaces.http.open_inference.outputs import output_names, output_tensor
from interfaces.http.open_inference.requests import HEADER_LENGTH, RequestedOutput, TensorRequest
from interfaces.inference.predicting import Answered

OCTETS = "application/octet-stream"

_JSON_TYPE = (b"content-type", JSON.encode("ascii"))
_OCTETS_TYPE = (b"content-type", OCTETS.encode("ascii"))


class Encoded(NamedTuple):
    """A body, and what its headers say of it.

    Attributes:
        header_length: How many bytes of it are JSON; None for all.
    """

    body: bytes
    header_length: int | None = None

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers that belong to it."""
        if self.header_length is None:
            return [_JSON_TYPE]
        return [_OCTETS_TYPE, (HEADER_LENGTH, str(self.header_length).encode("ascii"))]


def wanted_outputs(request: TensorRequest, predictor: Predictor) -> Sequence[RequestedOutput]:
    """Return which outputs are to be sent.

    Raises:
        InvalidInput: The version has no such output, or one is asked for twice.
    """
    known = output_names(predictor)
    if not request.outputs:
        return [RequestedOutput(place="", name=name, is_binary=request.is_binary) for name in known[:-1]]
    seen = set()
    for each in request.outputs:
        if each.name not in known:
            message = f"is no output of this version, which has {', '.join(known)}.{suggestion(each.name, known)}"
            raise InvalidInput.of(f"{each.place}.name", message, each.name)
        if each.name in seen:
            raise InvalidInput.of(f"{each.place}.name", "is asked for twice.", each.name)
        seen.add(each.name)
    return request.outputs


def encode(
    answered: Answered, outputs: Sequence[RequestedOutput], *, served: Served, model: str, request_id: str
) -> Encoded:
    """Return the body that answers.

    Args:
        answered: What was predicted, and explained if that is asked for.
        outputs: What is to be sent.
        served: What has answered.
        model: As the request has named it.
        request_id: The sender's name for the request, or ours.
    """
    told: list[dict[str, Any]] = []
    behind: list[bytes] = []
    for output in outputs:
        tensor = output_tensor(output.name, answered, served.loaded.predictor)
        described: dict[str, Any] = {"name": output.name, "datatype": tensor.datatype, "shape": tensor.shape}
        if output.is_binary:
            binary = tensor.binary()
            behind.append(binary)
            told.append({**described, "parameters": {"binary_data_size": len(binary)}})
        else:
            told.append({**described, "data": tensor.json()})
    document = {"model_name": model, "model_version": served.version, "id": request_id, "outputs": told}
    head = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    if not behind:
        return Encoded(head)
    return Encoded(b"".join((head, *behind)), header_length=len(head))
