"""How much free-form content one command may carry."""

import json
import math
from collections.abc import Mapping
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
    size = len(json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
    if size > FREE_FORM_MAX_BYTES:
        names = ", ".join(fields)
        message = f"{names} together may take {FREE_FORM_MAX_BYTES} bytes as JSON, take {size}."
        raise InvalidInput.of(next(iter(fields)), f"{message} Keep bigger things as artifacts or datasets.")


def _unfit(path: str, value: Any, depth: int) -> FieldProblem | None:
    if depth > _DEPTH_MAX:
        return FieldProblem(field=path, message=f"is nested deeper than {_DEPTH_MAX} levels.")
    if isinstance(value, float) and not math.isfinite(value):
        return FieldProblem(field=path, message="must be a finite number; use null for a missing one.")
    if isinstance(value, str) and not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        return FieldProblem(field=path, message="holds half a surrogate pair, which is no text.")
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        return FieldProblem(field=path, message="must fit 64 bits; send a larger number as text.")
    if isinstance(value, Mapping):
        inner = [(f"{path}.{key}", key, each) for key, each in value.items()]
        return next(
            (
                problem
                for inner_path, key, each in inner
                if (problem := _unfit(path, key, depth + 1) or _unfit(inner_path, each, depth + 1)) is not None
            ),
            None,
        )
    if isinstance(value, list | tuple):
        found = (_unfit(f"{path}[{index}]", each, depth + 1) for index, each in enumerate(value))
        return next((problem for problem in found if problem is not None), None)
    return None
