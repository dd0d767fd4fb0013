"""The usual forms of a request for one row in JSON, as types that msgspec reads; all else it refuses."""

from collections.abc import Callable
from typing import Annotated, Generic, Literal, TypeVar

import msgspec

from interfaces.http.open_inference.json_members import TEXT_MAX_CHARS

_Text = Annotated[str, msgspec.Meta(max_length=TEXT_MAX_CHARS)]
_Size = Annotated[int, msgspec.Meta(ge=0)]
_One = Annotated[list[Literal[1]], msgspec.Meta(min_length=1, max_length=2)]
"""`[1]` or `[1, 1]`: a row of a feature."""


class _Strict(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An object all of whose members are known: those that msgspec passes over, it does not look at."""


class Column(_Strict, gc=False):
    """One feature."""

    name: _Text
    datatype: Literal["FP64", "FP32", "BOOL", "BYTES"]
    shape: _One
    data: tuple[float | bool | str | None]


class Number(_Strict, gc=False):
    """One feature that is a number."""

    name: _Text
    datatype: Literal["FP64"]
    shape: _One
    data: tuple[float | None]


class Table(_Strict, gc=False):
    """All features."""

    name: _Text
    datatype: Literal["FP64", "FP32"]
    shape: list[_Size]
    data: list[float | None]


class NestedTable(_Strict, gc=False):
    """All features, in a list of rows."""

    name: _Text
    datatype: Literal["FP64", "FP32"]
    shape: list[_Size]
    data: tuple[list[float | None]]


class _OutputParameters(_Strict, gc=False):
    binary_data: bool | None = None


class _Output(_Strict, gc=False):
    name: _Text
    parameters: _OutputParameters | None = None


class _Parameters(_Strict, gc=False):
    timeout: _Size | None = None
    binary_data_output: bool | None = None


Inputs = TypeVar("Inputs")


class Request(_Strict, Generic[Inputs], gc=False):
    """A request whose inputs are of one of these types."""

    inputs: Inputs
    id: _Text | None = None
    parameters: _Parameters | None = None
    outputs: list[_Output] | None = None


def decoder(inputs: type[Inputs]) -> Callable[[bytes], "Request[Inputs]"]:
    """Return what reads requests with inputs of a type.

    It raises one of `UNDECODABLE` where they are of another one.
    """
    return msgspec.json.Decoder(Request[inputs]).decode  # type: ignore[valid-type]
