"""What a number or a switch must be, said in words from the very bounds that are enforced."""

from typing import Any

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

_TEXT_MAX_CHARS = 40
_BITS_MAX = 64


def expectation(field: FieldInfo) -> str:
    """Return what a bool, int or float field with a lower bound takes: `a whole number from 1 to 100,000`."""
    if field.annotation is bool:
        return "true or false"
    least = most = ""
    has_least = False
    for bound in field.metadata:
        match bound:
            case Ge(ge=limit):
                least, has_least = f"{limit:,}", True
            case Gt(gt=limit):
                least = f"{limit:,}"
            case Le(le=limit):
                most = f"{limit:,}"
            case Lt(lt=int(limit)) if field.annotation is int:
                most = f"{limit - 1:,}"
    kind = "whole number" if field.annotation is int else "number" if most else "finite number"
    if not most:
        return f"a {kind} of at least {least}" if has_least else f"a {kind} above {least}"
    return f"a {kind} from {least} to {most}" if has_least else f"a {kind} above {least}, at most {most}"


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
    return "an object" if isinstance(value, dict) else "a list"
