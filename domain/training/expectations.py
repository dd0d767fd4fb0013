"""What a setting must be, said in words from the very types and bounds that are enforced."""

from collections.abc import Iterable, Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

COLUMN_NAME = "the name of a column"

_TEXT_MAX_CHARS = 40
_BITS_MAX = 64


def expectation(field: FieldInfo) -> str:
    """Return what a setting takes: `a whole number from 1 to 100,000`, `'auto' or a number from 0 to 1`."""
    return _either(list(_told(field.annotation, field.metadata)))


def _told(kind: Any, bounds: Iterable[Any]) -> Iterator[str]:
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *metadata = get_args(kind)
        yield from _told(inner, [each for item in metadata for each in getattr(item, "metadata", [item])])
    elif origin in (Union, UnionType):
        for each in get_args(kind):
            if each is not NoneType:
                yield from _told(each, bounds)
    elif origin is Literal:
        yield from (repr(each) for each in get_args(kind))
    elif kind is bool:
        yield "true or false"
    elif kind in (int, float):
        yield _number(kind, bounds)
    else:
        yield "a list of at least one column name" if origin is list else COLUMN_NAME


def _number(kind: type, bounds: Iterable[Any]) -> str:
    least = most = ""
    has_least, has_most = False, True
    for bound in bounds:
        match bound:
            case Ge(ge=limit):
                least, has_least = f"{limit:,}", True
            case Gt(gt=limit):
                least = f"{limit:,}"
            case Le(le=limit):
                most = f"{limit:,}"
            case Lt(lt=int(limit)) if kind is int:
                most = f"{limit - 1:,}"
            case Lt(lt=limit):
                most, has_most = f"{limit:,}", False
    noun = "whole number" if kind is int else "number" if most else "finite number"
    if not most:
        return f"a {noun} of at least {least}" if has_least else f"a {noun} above {least}"
    if not has_most:
        return f"a {noun} above {least}, below {most}"
    return f"a {noun} from {least} to {most}" if has_least else f"a {noun} above {least}, at most {most}"


def _either(choices: list[str]) -> str:
    *first, last = choices
    return f"{', '.join(first)} or {last}" if first else last


def shown(value: Any) -> str:
    """Return a JSON value as a sentence can hold it: never long."""
    if isinstance(value, str):
        return repr(value if len(value) <= _TEXT_MAX_CHARS else f"{value[:_TEXT_MAX_CHARS]}…")
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and value.bit_length() > _BITS_MAX:
        return f"a whole number of {value.bit_length():,} bits"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, dict):
        return "an object"
    return "a list" if value else "an empty list"
