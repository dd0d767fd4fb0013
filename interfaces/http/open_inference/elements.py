"""The elements of a tensor, out of JSON or bytes, as numbers and texts in row-major order."""

import struct
from collections.abc import Iterator, Sequence
from itertools import chain
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from application.ports.predictor import Floats
from domain.errors import InvalidInput
from interfaces.http.open_inference.datatypes import BOOL, DATATYPES, FP16, Datatype
from interfaces.http.open_inference.json_members import kind_of
from interfaces.http.open_inference.requests import InputTensor

_LENGTH = struct.Struct("<I")
_NONE = type(None)


def numbers(tensor: InputTensor) -> NDArray[Any]:
    """Return the numbers, of shape (elements,); NaN where there is none. Truth values are 0 and 1.

    They may be infinite, and lie where they came.

    Raises:
        InvalidInput: They are not as many as the shape says, or not of the datatype.
    """
    datatype = DATATYPES[tensor.datatype]
    if isinstance(tensor.data, memoryview):
        found = _binary_numbers(tensor, tensor.data, datatype)
    else:
        found = _json_numbers(tensor, tensor.data, datatype)
    if datatype.name == BOOL and (found > 1).any():
        raise _wrong(tensor, int((found > 1).argmax()), "must be 0 or 1")
    return found


def infinite(tensor: InputTensor, index: int) -> InvalidInput:
    """Return the error that tells of an infinite number."""
    return _wrong(tensor, index, "must be a finite number; NaN or null where it is not known")


def texts(tensor: InputTensor) -> list[str | None]:
    """Return the texts of a tensor of BYTES; None where there is none.

    Raises:
        InvalidInput: They are not as many as the shape says, or one is no text.
    """
    if isinstance(tensor.data, memoryview):
        found: list[str | None] = list(_binary_texts(tensor, tensor.data))
        _require_count(tensor, len(found))
        return found
    found = _flat(tensor, tensor.data)
    if not set(map(type, found)) <= {str, _NONE}:
        raise _of_another_kind(tensor, found, (str, _NONE), "must be text or null")
    return found


def element_path(tensor: InputTensor, index: int) -> str:
    """Return where an element is, as people write it."""
    path = f"{tensor.place}.data"
    for place in np.unravel_index(index, tensor.shape):
        path += f"[{place}]"
    return path


def _binary_numbers(tensor: InputTensor, data: memoryview, datatype: Datatype) -> NDArray[Any]:
    size = datatype.dtype.itemsize * prod(tensor.shape)
    if len(data) != size:
        message = f"has {len(data)} bytes, its shape {_written(tensor.shape)} of {datatype.name} means {size}."
        raise InvalidInput.of(tensor.place, message)
    return np.frombuffer(data, datatype.dtype)


def _binary_texts(tensor: InputTensor, data: memoryview) -> Iterator[str]:
    start = 0
    while start < len(data):
        if start + _LENGTH.size > len(data):
            raise InvalidInput.of(tensor.place, "ends within the four bytes of a text's length.")
        (length,) = _LENGTH.unpack_from(data, start)
        start += _LENGTH.size
        if start + length > len(data):
            message = f"has {len(data) - start} bytes left where a text of {length} bytes should begin."
            raise InvalidInput.of(tensor.place, message)
        try:
            yield str(data[start : start + length], "utf-8")
        except UnicodeDecodeError:
            raise InvalidInput.of(tensor.place, f"has a text that is not UTF-8, at its byte {start}.") from None
        start += length


def _json_numbers(tensor: InputTensor, data: list[Any], datatype: Datatype) -> Floats:
    if datatype.name == FP16:
        raise InvalidInput.of(f"{tensor.place}.datatype", "FP16 is for binary data only: send FP32 in JSON.", FP16)
    found = _flat(tensor, data)
    kinds, words = _kinds_of(datatype)
    if not set(map(type, found)) <= set(kinds):
        raise _of_another_kind(tensor, found, kinds, words)
    if int in kinds and not datatype.is_float:
        _require_range(tensor, found, datatype)
    doubles = np.array(found, dtype=np.float64)  # None becomes NaN
    if not datatype.is_float:
        return doubles
    with np.errstate(over="ignore"):  # what overflows is infinite, and refused as that
        return doubles.astype(datatype.dtype).astype(np.float64)


def _kinds_of(datatype: Datatype) -> tuple[tuple[type, ...], str]:
    if datatype.name == BOOL:
        return (bool, _NONE), "must be true, false or null"
    if datatype.is_float:
        return (float, int, _NONE), "must be a number or null"
    return (int, _NONE), "must be a whole number or null"


def _require_range(tensor: InputTensor, found: Sequence[int | None], datatype: Datatype) -> None:
    bounds = np.iinfo(datatype.dtype)
    for index, each in enumerate(found):
        if each is not None and not bounds.min <= each <= bounds.max:
            raise _wrong(tensor, index, f"must lie between {bounds.min} and {bounds.max}, as {datatype.name} does")


def _flat(tensor: InputTensor, data: list[Any]) -> list[Any]:
    """Return the elements of JSON data that is flat already, or nested as the shape says."""
    rows, *inner = tensor.shape or (0,)
    if inner and data and type(data[0]) is list:
        (width,) = inner
        for index, row in enumerate(data):
            if type(row) is not list or len(row) != width:
                has = f"has {len(row)} elements" if type(row) is list else f"is {kind_of(row)}"
                raise InvalidInput.of(
                    f"{tensor.place}.data[{index}]", f"must be a list of {width} elements, {has}."
                )
        if len(data) != rows:
            message = f"has {len(data)} rows, its shape {_written(tensor.shape)} means {rows}."
            raise InvalidInput.of(f"{tensor.place}.data", message)
        return list(chain.from_iterable(data))
    _require_count(tensor, len(data))
    return data


def _require_count(tensor: InputTensor, count: int) -> None:
    if count != prod(tensor.shape):
        message = f"has {count} elements, its shape {_written(tensor.shape)} means {prod(tensor.shape)}."
        raise InvalidInput.of(f"{tensor.place}.data", message)


def _of_another_kind(
    tensor: InputTensor, found: Sequence[Any], kinds: tuple[type, ...], words: str
) -> InvalidInput:
    index = next(place for place, each in enumerate(found) if type(each) not in kinds)
    value = found[index]
    is_kind = "is too large or has a fraction" if type(value) is float else f"is {kind_of(value)}"
    return InvalidInput.of(
        element_path(tensor, index), f"{words}, {is_kind}: {tensor.name!r} is of {tensor.datatype}.", value
    )


def _wrong(tensor: InputTensor, index: int, words: str) -> InvalidInput:
    return InvalidInput.of(element_path(tensor, index), f"{words}: {tensor.name!r} is of {tensor.datatype}.")


def _written(shape: tuple[int, ...]) -> str:
    return str(list(shape))
