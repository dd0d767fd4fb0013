"""Free-form content: what one command may carry, and when two are the same."""

import json
import math
from itertools import chain
from typing import Any

from domain.errors import FieldProblem, InvalidInput

FREE_FORM_MAX_BYTES = 256 * 1024
"""Every event and document must fit one NATS message of 1 MiB, with room for the rest."""
_DEPTH_MAX = 32


def require_bounded(**fields: Any) -> None:
    """Accept free-form fields that are JSON, finite, not nested too deep and together small enough.

    Raises:
        InvalidInput: What is wrong, with the field's name.
    """
    problems = [problem for name, value in fields.items() if (problem := _unfit(name, value, 0)) is not None]
    if problems:
        raise InvalidInput(problems)
    size = len(json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode())
    if size > FREE_FORM_MAX_BYTES:
        names = ", ".join(fields)
        message = f"{names} together may take {FREE_FORM_MAX_BYTES} bytes as JSON, take {size}."
        raise InvalidInput.of(next(iter(fields)), f"{message} Keep bigger things as artifacts or datasets.")


def is_same_json(one: Any, other: Any) -> bool:
    """Tell whether both are the same JSON text but for the order of keys: 1, 1.0 and true differ."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _unfit(path: str, value: Any, depth: int) -> FieldProblem | None:
    if depth > _DEPTH_MAX:
        return FieldProblem(field=path, message=f"is nested deeper than {_DEPTH_MAX} levels.")
    if isinstance(value, dict):
        keys = (_unfit_key(path, key) for key in value)
        entries = (_unfit(f"{path}.{key}", each, depth + 1) for key, each in value.items())
        return next((problem for problem in chain(keys, entries) if problem is not None), None)
    if isinstance(value, list | tuple):
        items = (_unfit(f"{path}[{index}]", each, depth + 1) for index, each in enumerate(value))
        return next((problem for problem in items if problem is not None), None)
    message = _unfit_scalar(value)
    return None if message is None else FieldProblem(field=path, message=message)


def _unfit_key(path: str, key: Any) -> FieldProblem | None:
    message = _unfit_scalar(key) if isinstance(key, str) else "is no text."
    return None if message is None else FieldProblem(field=path, message=f"has a key that {message}")


def _unfit_scalar(value: Any) -> str | None:
    message = None
    if isinstance(value, str):
        if "\0" in value:
            message = "holds a NUL character, which not every store can keep."
        elif not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            message = "holds half a surrogate pair, which is no text."
    elif isinstance(value, float):
        if not math.isfinite(value):
            message = "must be a finite number; use null for a missing one."
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            message = "must fit 64 bits; send a larger number as text."
    elif value is not None:
        message = f"is of type {type(value).__name__}, which JSON does not have."
    return message
