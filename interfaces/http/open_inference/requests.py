"""A request of tensors, out of its body: JSON, and what follows it in binary form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.errors import InvalidInput
from interfaces.http.open_inference.datatypes import BYTES, DATATYPES
from interfaces.http.open_inference.json_members import Members, json_object
from interfaces.http.open_inference.problems import MalformedTensors, Unsupported

HEADER_LENGTH = b"inference-header-content-length"
"""The header that says how many bytes of the body are JSON (Source: binary tensor data extension)."""

_BINARY_SIZE = "binary_data_size"
_US_PER_S = 1_000_000
_DIGITS_MAX = 18


@dataclass(frozen=True, slots=True)
class InputTensor:
    """A tensor as it was sent.

    Attributes:
        place: Where it is in the request, as people write it.
        datatype: One that there is.
        data: JSON values, nested or not; or bytes, as many as were said.
    """

    place: str
    name: str
    datatype: str
    shape: tuple[int, ...]
    data: list[Any] | memoryview


@dataclass(frozen=True, slots=True)
class RequestedOutput:
    """A tensor that is to be sent back.

    Attributes:
        place: Where it is in the request, as people write it.
        is_binary: Whether it is to follow the JSON in binary form.
    """

    place: str
    name: str
    is_binary: bool


@dataclass(frozen=True, slots=True)
class TensorRequest:
    """What is asked.

    Attributes:
        id: The sender's name for it; None where it gave none.
        within_s: So long the sender waits; None for no bound of its own.
        inputs: The tensors.
        outputs: What is to be sent back; empty for what is sent unasked.
        is_binary: Whether what is sent unasked is to follow the JSON in binary form.
    """

    id: str | None
    within_s: float | None
    inputs: Sequence[InputTensor]
    outputs: Sequence[RequestedOutput]
    is_binary: bool


def parse_request(body: bytes, *, header_length: int | None) -> TensorRequest:
    """Return what a body asks.

    Args:
        body: The whole of it.
        header_length: How many bytes of it are JSON; None for all.

    Raises:
        NotJson: It is no JSON.
        MalformedTensors: What follows the JSON is not as long as that says.
        InvalidInput: A member is missing or of a wrong type.
        Unsupported: It asks for what only an extension has that this service has not.
    """
    if header_length == 0:
        raise Unsupported("A body without JSON is not understood here: describe its tensor in JSON before it.")
    if header_length is not None and header_length > len(body):
        message = f"The JSON is said to have {header_length} bytes, and the body has {len(body)}."
        raise MalformedTensors(message)
    document = json_object(body[:header_length])
    parameters = document.object("parameters")
    is_binary = parameters.boolean("binary_data_output") or False
    timeout_us = parameters.size("timeout")
    return TensorRequest(
        id=document.text("id") if "id" in document else None,
        within_s=timeout_us / _US_PER_S if timeout_us else None,
        inputs=_inputs(document, memoryview(body)[len(body) if header_length is None else header_length :]),
        outputs=[_output(each, is_binary=is_binary) for each in document.objects("outputs")],
        is_binary=is_binary,
    )


def parse_header_length(value: bytes) -> int:
    """Return how many bytes of a body are JSON.

    Raises:
        MalformedTensors: The header says no number.
    """
    if not value.isdigit() or len(value) > _DIGITS_MAX:
        message = "Inference-Header-Content-Length must be the number of bytes of the JSON before the tensors."
        raise MalformedTensors(message, given=value.decode("latin-1"))
    return int(value)


def _inputs(document: Members, binary: memoryview) -> list[InputTensor]:
    if not document.items("inputs"):
        message = "is missing." if "inputs" not in document else "is empty: send at least one tensor."
        raise InvalidInput.of("inputs", message)
    inputs = []
    taken = 0
    for each in document.objects("inputs"):
        parameters = each.object("parameters")
        _require_supported(parameters)
        size = parameters.size(_BINARY_SIZE)
        inputs.append(_input(each, None if size is None else binary[taken : taken + size]))
        taken += size or 0
    if taken != len(binary):
        message = (
            f"{len(binary)} bytes follow the JSON, and its inputs speak of {taken}: let Inference-Header-Content-"
            f"Length be the size of the JSON, and {_BINARY_SIZE} that of each tensor behind it."
        )
        raise MalformedTensors(message)
    return inputs


def _input(given: Members, binary: memoryview | None) -> InputTensor:
    datatype = given.text("datatype")
    if datatype not in DATATYPES and datatype != BYTES:
        known = ", ".join((*DATATYPES, BYTES))
        raise InvalidInput.of(given.path("datatype"), f"must be one of {known}.", datatype)
    data: list[Any] | memoryview | None = given.items("data")
    if (data is None) is (binary is None):
        which = "neither data nor" if data is None else "both data and"
        message = f"has {which} parameters.{_BINARY_SIZE}: one of them must say where its elements are."
        raise InvalidInput.of(given.place, message)
    return InputTensor(
        place=given.place,
        name=given.text("name"),
        datatype=datatype,
        shape=given.sizes("shape"),
        data=binary if data is None else data,  # type: ignore[arg-type]  # one of them is not None
    )


def _output(given: Members, *, is_binary: bool) -> RequestedOutput:
    parameters = given.object("parameters")
    _require_supported(parameters)
    if parameters.size("classification"):
        raise Unsupported("The classification extension is not served: ask for the output predict_proba.")
    asked = parameters.boolean("binary_data")
    return RequestedOutput(
        place=given.place, name=given.text("name"), is_binary=is_binary if asked is None else asked
    )


def _require_supported(parameters: Members) -> None:
    if "shared_memory_region" in parameters:
        raise Unsupported("Tensors in shared memory are not served: send them in the body.")
