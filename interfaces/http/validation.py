"""Pydantic's findings in the words of people: which field, what is wrong, what was probably meant."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import pydantic
from pydantic_core import ErrorDetails

from domain.errors import PROBLEMS_MAX, FieldProblem, InvalidInput, suggestion
from interfaces.requests.fields import BODY

_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (str, "text"),
    (int, "a number"),
    (float, "a number"),
    (dict, "an object"),
    (list, "a list"),
    (type(None), "null"),
)
_WANTED = {
    "string_type": "text",
    "string_sub_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "an object",
    "mapping_type": "an object",
    "list_type": "a list",
    "tuple_type": "a list",
    "model_type": "an object",
    "model_attributes_type": "an object",
}


def invalid_input(error: pydantic.ValidationError, *, known: Iterable[str] = ()) -> InvalidInput:
    """Return what is wrong with the input.

    Args:
        error: Pydantic's findings.
        known: The names of the outermost fields, to suggest one for a name that is none.
    """
    found = error.errors(include_url=False, include_context=True)
    names = tuple(known)
    return InvalidInput(_problem(each, names) for each in islice(_most_telling(found), PROBLEMS_MAX))


def path_of(location: Iterable[int | str]) -> str:
    """Return a place in a document as people write it: `features[3].age`."""
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if path else step
    return path or BODY


def _most_telling(found: list[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Yield unknown names first: the field they were meant to be is missing for that reason only."""
    yield from (each for each in found if each["type"] == "extra_forbidden")
    yield from (each for each in found if each["type"] != "extra_forbidden")


def _problem(details: ErrorDetails, known: tuple[str, ...]) -> FieldProblem:
    kind = details["type"]
    value = None if kind == "missing" else details["input"]
    return FieldProblem(field=path_of(details["loc"]), message=_message(details, known), value=value)


def _message(details: ErrorDetails, known: tuple[str, ...]) -> str:
    kind, location = details["type"], details["loc"]
    if kind == "extra_forbidden":
        hint = suggestion(str(location[-1]), known) if len(location) == 1 else ""
        return f"is no field here.{hint}"
    if kind in _WANTED:
        return f"must be {_WANTED[kind]}, is {_kind_of(details['input'])}."
    phrase: Callable[[dict[str, Any]], str] | None = _PHRASES.get(kind)
    return phrase(details.get("ctx", {})) if phrase is not None else f"{details['msg']}."


_PHRASES: dict[str, Callable[[dict[str, Any]], str]] = {
    "missing": lambda _: "is missing.",
    "enum": lambda context: f"must be {context['expected']}.",
    "literal_error": lambda context: f"must be {context['expected']}.",
    "greater_than_equal": lambda context: f"must be at least {context['ge']}.",
    "less_than_equal": lambda context: f"must be at most {context['le']}.",
    "string_too_long": lambda context: f"must have at most {context['max_length']} characters.",
    "string_too_short": lambda context: f"must have at least {context['min_length']} characters.",
}


def _kind_of(value: Any) -> str:
    return next((name for kind, name in _KINDS if isinstance(value, kind)), type(value).__name__)
